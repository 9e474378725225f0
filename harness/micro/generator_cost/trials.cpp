#include "harness/micro/generator_cost/trials.hpp"

#include <algorithm>
#include <functional>
#include <random>

#include "harness/audit/foreign_program.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/measure/cache_distance.hpp"
#include "harness/measure/histogram_json.hpp"
#include "harness/server/open_loop_record.hpp"

namespace regatta::generator_cost {
namespace {

using nlohmann::json;

class rounds {
public:
    rounds(const options& given, const placement& placed) : given_(given), placed_(placed) {
        const auto folder = program_folder();
        const auto runtime = folder.parent_path() / "runtimes" / given.runtime / given.runtime;
        http_ = {given.runtime, {runtime.string(), "serve", "--workload", "http"}};
        echo_ = {given.runtime, {runtime.string(), "serve", "--workload", "echo"}};
        pong_ = {"pong_echo", {(folder / "native" / "pong_echo").string()}};
        other_http_ = {"http_other_head", {(folder / "native" / "http_other_head").string()}};
        found_.cost = {make("regatta-load", ""), make("regatta-load", ""), make("wrk", "wrk"),
                       make("h2load", "nghttp2-client")};
        found_.cost[1].parses = true;
        found_.latency = {make("regatta-load", ""), make("sockperf", "sockperf")};
    }

    outcome run() {
        std::mt19937_64 random(given_.seed);
        for (std::size_t round = 0; round < given_.rounds; ++round) {
            found_.cache_line_ns.push_back(
                placed_.is_shared
                    ? std::nullopt
                    : cache_line_ns(placed_.server_cpus.front(), placed_.generator_cpus.front()));
            std::vector<std::function<void()>> trials{[&] { floor(); }};
            for (series& each : found_.cost) {
                trials.emplace_back([&] { cost(each); });
            }
            for (series& each : found_.latency) {
                trials.emplace_back([&] { latency(each); });
            }
            std::shuffle(trials.begin(), trials.end(), random);
            for (const auto& trial : trials) {
                trial();
            }
        }
        return std::move(found_);
    }

private:
    static series make(const char* tool, const char* package) {
        series made;
        made.tool = tool;
        made.package = package;
        made.is_installed = made.package.empty() || audit::find_program(tool).has_value();
        return made;
    }

    void cost(series& of) {
        if (!of.is_installed) {
            return;
        }
        load asked = given_.asked;
        asked.cpus = placed_.generator_cpus;
        micro::echo_server server(of.parses ? other_http_ : http_, {}, placed_.server_cpus);
        tool_run run;
        if (of.tool == "wrk") {
            run = run_tool(wrk_command(server.port(), asked), asked, server.voice());
        } else if (of.tool == "h2load") {
            run = run_tool(h2load_command(server.port(), asked), asked, server.voice());
        } else {
            json result;
            run = run_regatta_load({{"workload", "http"}}, asked, server, result);
        }
        server.stop();
        const json counters = server.done().at("counters");
        // The server counts for all of them alike.
        const auto requests = counters.at("requests").get<double>();
        if (requests == 0) {
            throw trial_failure(of.tool + " got no reply");
        }
        of.cpu_ns_per_op.push_back(static_cast<double>(run.cpu_ns) / requests);
        of.server_cpu_ns_per_op.push_back(static_cast<double>(server.cpu_ns()) / requests);
        of.requests_per_s.push_back(requests / static_cast<double>(asked.seconds));
    }

    load one_connection() const { return {1, given_.asked.seconds, placed_.generator_cpus}; }

    void latency(series& of) {
        if (!of.is_installed) {
            return;
        }
        const load asked = one_connection();
        micro::echo_server server(pong_, {}, placed_.server_cpus);
        if (of.tool == "sockperf") {
            const tool_run run =
                run_tool(sockperf_command(server.port(), asked), asked, server.voice());
            of.latency_ns_p50.push_back(sockperf_ns(run.lines, "50.000"));
            of.latency_ns_p99.push_back(sockperf_ns(run.lines, "99.000"));
        } else {
            json result;
            run_regatta_load({{"workload", "echo"}}, asked, server, result);
            const histogram values = histogram_from_json(result.at("latency"));
            of.latency_ns_p50.push_back(static_cast<double>(values.value_at(0.5)));
            of.latency_ns_p99.push_back(static_cast<double>(values.value_at(0.99)));
        }
        server.stop();
    }

    void floor() {
        const load asked = one_connection();
        micro::echo_server server(echo_, {}, placed_.server_cpus);
        json result;
        run_regatta_load({{"workload", "echo"}}, asked, server, result);
        const histogram idle = histogram_from_json(result.at("latency"));
        found_.idle_latency_ns_p50.push_back(static_cast<double>(idle.value_at(0.5)));
        found_.idle_latency_ns_p99.push_back(static_cast<double>(idle.value_at(0.99)));
        run_regatta_load({{"workload", "echo"},
                          {"mode", "open"},
                          {"arrivals", "constant"},
                          {"rate_per_s", 1000},
                          {"spin_ns", placed_.is_shared ? 0 : open_loop_spin.count()},
                          {"seed", given_.seed}},
                         asked, server, result);
        const histogram lag = histogram_from_json(result.at("arrivals").at("own_lag"));
        found_.lag_ns_p50.push_back(static_cast<double>(lag.value_at(0.5)));
        found_.lag_ns_p99.push_back(static_cast<double>(lag.value_at(0.99)));
        server.stop();
    }

    const options& given_;
    const placement& placed_;
    micro::arm http_;
    micro::arm other_http_;  // the same, with another head
    micro::arm echo_;
    micro::arm pong_;
    outcome found_;
};

}  // namespace

outcome run_rounds(const options& given, const placement& placed) {
    return rounds(given, placed).run();
}

}  // namespace regatta::generator_cost
