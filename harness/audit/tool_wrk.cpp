#include <fstream>

#include <fmt/format.h>

#include "harness/audit/foreign_program.hpp"

namespace regatta::audit {
namespace {

// wrk prints p50, p75, p90 and p99 only; a script gets at all of them, in whole microseconds.
constexpr const char* script = R"(function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"errors":%d,"latency_us":[%d,%d,%d,%d]}\n',
    summary.requests, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99), latency:percentile(99.9)))
end
)";

class wrk final : public load_tool {
public:
    std::string name() const override { return "wrk"; }
    std::string package() const override { return "wrk"; }
    std::optional<std::filesystem::path> program() const override { return find_program("wrk"); }
    std::vector<arrival_process> arrivals() const override { return {arrival_process::closed}; }

    tool_report run(arrival_process, const load_request& asked,
                    const running_server& server) const override {
        std::ofstream(asked.scratch / "percentiles.lua") << script;
        tool_report report;
        report.command = {"wrk",
                          "--threads=1",
                          fmt::format("--connections={}", asked.connections),
                          fmt::format("--duration={}s", asked.seconds),
                          "--timeout=30s",
                          "--script=percentiles.lua",
                          url_of(server)};
        report.latency_kind = "service";
        read(run_program(report.command, asked, server), report);
        return report;
    }

private:
    static void read(const std::vector<std::string>& lines, tool_report& report) {
        for (const std::string& line : lines) {
            const auto figures = nlohmann::json::parse(line, nullptr, false);
            if (!figures.is_object()) {
                continue;
            }
            report.requests = figures.at("requests").get<std::uint64_t>();
            report.errors = figures.at("errors").get<std::uint64_t>();
            for (std::size_t i = 0; i < percentiles.size() && report.requests != 0; ++i) {
                report.latency_ns[i] = figures.at("latency_us").at(i).get<double>() * 1e3;
            }
            return;
        }
        throw trial_failure("wrk printed no figures by its script");
    }
};

}  // namespace

std::unique_ptr<load_tool> make_wrk() {
    return std::make_unique<wrk>();
}

}  // namespace regatta::audit
