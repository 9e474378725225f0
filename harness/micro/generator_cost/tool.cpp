#include "harness/micro/generator_cost/tool.hpp"

#include <fmt/format.h>

#include "harness/measure/build_info.hpp"

namespace regatta::generator_cost {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

// What a loaded machine may add before a tool counts as hung.
constexpr auto patience = 30s;

// Waits for the end of `tool`, and gives what it used.
std::int64_t finish(const speaker& tool, const speaker& server, clock_type::time_point deadline,
                    std::vector<std::string>& lines) {
    const auto is_over = [&] {
        while (auto line = tool.process.next_line()) {
            lines.push_back(std::move(*line));
        }
        return tool.process.has_ended() || server.process.has_ended();
    };
    if (wait_until({&tool.process, &server.process}, deadline, true, is_over) ==
        wait_result::deadline) {
        throw trial_failure(tool.name + " did not end in time");
    }
    if (!tool.process.has_ended()) {
        throw trial_failure(describe_end(server) + " while " + tool.name + " ran");
    }
    is_over();
    if (!tool.process.ending().is_success()) {
        throw trial_failure(describe_end(tool));
    }
    return micro::cpu_ns(tool.process.ending().usage);
}

}  // namespace

std::vector<std::string> wrk_command(std::uint16_t port, const load& asked) {
    return {"wrk", "--threads=1", fmt::format("--connections={}", asked.connections),
            fmt::format("--duration={}s", asked.seconds),
            fmt::format("http://127.0.0.1:{}/", port)};
}

std::vector<std::string> h2load_command(std::uint16_t port, const load& asked) {
    return {"h2load",
            "--h1",
            "--threads=1",
            fmt::format("--clients={}", asked.connections),
            fmt::format("--duration={}", asked.seconds),
            fmt::format("http://127.0.0.1:{}/", port)};
}

std::vector<std::string> sockperf_command(std::uint16_t port, const load& asked) {
    return {"sockperf",
            "ping-pong",
            "--tcp",
            "--ip=127.0.0.1",
            fmt::format("--port={}", port),
            fmt::format("--time={}", asked.seconds),
            "--msg-size=64",
            "--full-rtt"};
}

tool_run run_tool(const std::vector<std::string>& command, const load& asked,
                  const speaker& server) {
    child_process tool({command, {}, asked.cpus});
    tool.close_input();
    tool_run run;
    run.cpu_ns =
        finish({tool, command.front()}, server,
               clock_type::now() + std::chrono::seconds(asked.seconds) + patience, run.lines);
    return run;
}

tool_run run_regatta_load(const json& fields, const load& asked, const micro::echo_server& server,
                          json& result) {
    child_process generator(
        {{(program_folder().parent_path() / "regatta-load").string()}, {}, asked.cpus});
    const speaker voice{generator, "regatta-load"};
    const auto deadline = clock_type::now() + std::chrono::seconds(asked.seconds) + patience;
    const auto await = [&](const char* event) {
        return await_event(voice, event, deadline, &server.voice());
    };
    json plan{{"port", server.port()},
              {"connections", asked.connections},
              {"cpus", asked.cpus},
              {"measure_ns", asked.seconds * 1'000'000'000}};
    plan.update(fields);
    // When it does not listen it has ended; the next wait says so.
    static_cast<void>(generator.write_line(plan.dump()));
    await("connected");
    static_cast<void>(generator.write_line("go"));
    await("measuring");
    await("measured");
    static_cast<void>(generator.write_line("finish"));
    result = await("result");
    tool_run run;
    run.cpu_ns = finish(voice, server.voice(), deadline, run.lines);
    for (const auto& [kind, count] : result.at("client").at("errors").items()) {
        if (count != 0) {
            throw trial_failure(fmt::format("regatta-load counted {} errors of the kind {}",
                                            count.get<std::uint64_t>(), kind));
        }
    }
    return run;
}

double sockperf_ns(const std::vector<std::string>& lines, const std::string& percentile) {
    for (const std::string& line : lines) {
        const std::size_t at = line.find("percentile " + percentile);
        const std::size_t equals = at == line.npos ? at : line.find('=', at);
        if (equals != line.npos) {
            return std::stod(line.substr(equals + 1)) * 1e3;
        }
    }
    throw trial_failure("sockperf printed no percentile " + percentile);
}

}  // namespace regatta::generator_cost
