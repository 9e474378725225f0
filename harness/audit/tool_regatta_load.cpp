#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <unistd.h>

#include "harness/audit/tool.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/measure/histogram_json.hpp"
#include "harness/server/generator_process.hpp"

namespace regatta::audit {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto answer_patience = 30s;
constexpr auto load_drain = 3s;

/// Enough for four times what comes on a connection while the server is frozen, or in one second:
/// a request that has to wait for room on its connection is sent late, and meets the server's delay
/// behind those before it; its response time says so, but the truth is that of an empty connection.
std::int64_t depth_for(const load_request& asked) {
    constexpr std::int64_t depth_max = 65'536;  // of the generator
    const double silence_s = std::max(1.0, static_cast<double>(asked.freeze_ns) / 1e9);
    const double arrivals = asked.rate_per_s * silence_s / static_cast<double>(asked.connections);
    return std::min<std::int64_t>(depth_max, std::llround(4 * arrivals) + 64);
}

/// Our generator. It speaks the frames of the workload `delay`, whose delay only a server knows.
class regatta_load final : public load_tool {
public:
    std::string name() const override { return "regatta-load"; }
    std::string package() const override { return ""; }
    std::optional<std::filesystem::path> program() const override {
        const auto file = program_folder() / "regatta-load";
        return ::access(file.c_str(), X_OK) == 0 ? std::optional(file) : std::nullopt;
    }
    std::vector<arrival_process> arrivals() const override {
        return {arrival_process::poisson, arrival_process::constant, arrival_process::closed};
    }

    tool_report run(arrival_process process, const load_request& asked,
                    const running_server& server) const override {
        tool_report report;
        report.command = {"regatta-load"};
        const bool is_open = process != arrival_process::closed;
        report.latency_kind = is_open ? "response" : "service";
        report.depth = is_open ? depth_for(asked) : 1;
        child_process generator({{program()->string()}, {}, asked.cpus});
        const json result = converse({generator, "the generator"},
                                     plan_of(process, asked, server, *report.depth), asked, server);
        report.errors = client_counts_of(result).error_count();
        report.requests = is_open ? result.at("arrivals").at("count").get<std::uint64_t>()
                                  : result.at("replies_measured").get<std::uint64_t>();
        set_latency(report, histogram_from_json(result.at("latency")));
        return report;
    }

private:
    static json plan_of(arrival_process process, const load_request& asked,
                        const running_server& server, std::int64_t depth) {
        const std::chrono::nanoseconds drain_ns =
            load_drain + std::chrono::nanoseconds(asked.freeze_ns);
        json plan{{"workload", "delay"},
                  {"port", server.port},
                  {"connections", asked.connections},
                  {"depth", depth},
                  {"mode", "closed"},
                  {"measure_ns", asked.seconds * 1'000'000'000},
                  {"drain_ns", drain_ns.count()},
                  {"cpus", asked.cpus},
                  {"server_pid", server.pid},
                  {"seed", asked.seed}};
        if (process != arrival_process::closed) {
            plan["mode"] = "open";
            plan["arrivals"] = audit::name_of(process);
            plan["rate_per_s"] = asked.rate_per_s;
        }
        return plan;
    }

    /// The dialogue of harness/load/README.md.
    static json converse(const speaker& generator, const json& plan, const load_request& asked,
                         const running_server& server) {
        const auto await = [&](const char* event, std::chrono::nanoseconds longest) {
            return await_event(generator, event, clock_type::now() + longest + answer_patience,
                               &server.voice);
        };
        const auto silence = load_drain + std::chrono::nanoseconds(asked.freeze_ns);
        // When it does not listen it has ended; the next wait says so.
        static_cast<void>(generator.process.write_line(plan.dump()));
        await("connected", silence);
        static_cast<void>(generator.process.write_line("go"));
        await("measuring", 0s);
        await("measured", std::chrono::seconds(asked.seconds) + silence);
        static_cast<void>(generator.process.write_line("finish"));
        return await("result", silence);
    }
};

}  // namespace

std::unique_ptr<load_tool> make_regatta_load() {
    return std::make_unique<regatta_load>();
}

}  // namespace regatta::audit
