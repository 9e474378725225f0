#include "harness/server/memory_trial.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/failure.hpp"
#include "harness/measure/memory.hpp"
#include "harness/server/arguments.hpp"
#include "harness/server/ending_record.hpp"
#include "harness/server/generator_process.hpp"
#include "harness/server/server_process.hpp"

namespace regatta {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

// A server may still be accepting when the last connect() has returned: the backlog holds
// thousands.
constexpr auto settle_period = 50ms;
constexpr auto settle_longest = 10s;
constexpr int equal_readings = 3;
// Nothing is timed, and ten thousand threads take their time to start.
constexpr auto connect_longest = 60s;
// A million tasks, each of which touches its memory.
constexpr auto start_longest = 60s;

/// Sleeps, but not beyond the program's end or the user's patience.
void pause(const speaker& voice) {
    const auto has_ended = [&] { return voice.process.has_ended(); };
    if (wait_until({&voice.process}, clock_type::now() + settle_period, true, has_ended) ==
        wait_result::satisfied) {
        throw trial_failure(describe_end(voice));
    }
}

/// The memory of `pid`, which belongs to `voice`, once it stands still; a warning in `record` when
/// it does not.
memory_reading settled_memory(const speaker& voice, pid_t pid, json& record) {
    const auto deadline = clock_type::now() + settle_longest;
    memory_reading last = read_memory(pid);
    for (int equal = 1; equal < equal_readings;) {
        if (clock_type::now() >= deadline) {
            record["warnings"].push_back(voice.name + "'s memory still changed when it was read");
            break;
        }
        pause(voice);
        const memory_reading now = read_memory(pid);
        equal = now.is_same_process_state(last) ? equal + 1 : 1;
        last = now;
    }
    return last;
}

memory_reading read_with_connections(const benchmark& arm, const trial_settings& settings,
                                     const placement& placed, const server_process& server,
                                     json& record) {
    if (arm.connections == 0) {
        return settled_memory(server.voice(), server.pid(), record);
    }
    trial_settings idle = settings;
    idle.measure = 1s;  // a plan has a window; this one never begins
    idle.connect = connect_longest;
    generator_process generator(
        arm, idle, placed,
        served_at{server.address(), server.port(), server.pid(), &server.voice()});
    generator.await_connected();
    return settled_memory(server.voice(), server.pid(), record);
}

/// Why a server holds fewer connections than were opened: the limits that its done line names, its
/// last words on standard error, or what usually is short.
std::string shortage(const benchmark& arm, const server_process& server) {
    std::string why = fmt::format("{}", fmt::join(server.closing_notes(), "; "));
    if (why.empty()) {
        why = excerpt(server.voice().process.last_error_line());
    }
    if (why.empty()) {
        why =
            "it may lack descriptors (ulimit -Hn), threads (sysctl kernel.pid_max, ulimit -u) or "
            "mappings (sysctl vm.max_map_count)";
    }
    return fmt::format("the server held {} of {} connections: {}", server.counted().accepted,
                       arm.connections, why);
}

/// Ends the job and puts its end on record. Throws when it was not a clean one.
void end_job(child_process& job, const speaker& voice, json& record) {
    job.close_input();
    const auto has_ended = [&] { return job.has_ended(); };
    wait_until({&job}, clock_type::now() + start_longest, true, has_ended);
    job.kill();
    record["server"] = {{"counters", nullptr},
                        {"aborted_sessions", nullptr},
                        {"notes", json::array()},
                        {"cpu_share", nullptr}};
    record["server"].update(ending_record(job));
    if (!job.ending().is_success()) {
        throw trial_failure(describe_end(voice));
    }
}

/// A job that holds its tasks where all of them wait.
void measure_job(const benchmark& arm, const trial_settings& settings, const placement& placed,
                 json& record) {
    std::vector<std::string> command = contract_command(arm, "job", settings.rounds_per_us);
    command.insert(command.end(), {"--hold", "1"});
    child_process job({std::move(command), arm.runtime->folder, placed.server_cpus});
    const speaker voice{job, "the job"};
    const json at_rest = await_event(voice, "at_rest", clock_type::now() + start_longest);
    record["effective"] = at_rest.at("effective");
    if (const auto found =
            effective_difference(arm, settings.rounds_per_us, at_rest.at("effective"))) {
        throw trial_failure("the job is not what was asked for: " + *found);
    }
    const memory_reading reading = settled_memory(voice, job.pid(), record);
    end_job(job, voice, record);
    record["reading"] = to_json(reading);
    record["status"] = "ok";
}

void measure(const benchmark& arm, const trial_settings& settings, json& record) {
    if (!arm.runtime->is_available()) {
        throw trial_failure(arm.runtime->reason);
    }
    const placement placed = arm.is_server()
                                 ? place_trial(arm, settings)
                                 : place(settings.placement, settings.cpus, arm.workers, 0);
    record["placement"] = to_json(placed);
    if (!arm.is_server()) {
        measure_job(arm, settings, placed, record);
        return;
    }
    server_process server(arm, settings.rounds_per_us, placed.server_cpus, false, {},
                          settings.ranks.server_address);
    record["effective"] = server.effective();
    std::optional<memory_reading> reading;
    std::optional<std::string> failed;
    try {
        reading = read_with_connections(arm, settings, placed, server, record);
    } catch (const trial_failure& reason) {
        failed = reason.what();
    }
    const std::optional<std::string> complaint = server.stop();
    record["server"] = server.record();
    if (failed) {
        throw trial_failure(*failed);
    }
    if (complaint) {
        record["reasons"].push_back(*complaint);
    } else if (server.counted().accepted != static_cast<std::uint64_t>(arm.connections)) {
        record["reasons"].push_back(shortage(arm, server));
    }
    if (!reading->pss) {
        throw trial_failure(
            fmt::format("/proc/{}/smaps_rollup cannot be read: memory is told to "
                        "the process's own user or root (CONFIG_PROC_PAGE_MONITOR)",
                        server.pid()));
    }
    record["reading"] = to_json(*reading);
    record["status"] = record["reasons"].empty() ? "ok" : "invalid";
}

}  // namespace

json run_memory_trial(const benchmark& arm, const trial_settings& settings) {
    json record{{"benchmark", arm.name()},
                {"workload", arm.workload->name},
                {"runtime", arm.runtime->name},
                {"connections", arm.waiting()},
                {"counted", arm.is_server() ? "connections" : arm.workload->count_name},
                {"params", arm.parameters_json()},
                {"status", "failed"},
                {"reasons", json::array()},
                {"warnings", json::array()},
                {"started_at", time_now()},
                {"placement", nullptr},
                {"effective", nullptr},
                {"server", nullptr},
                {"reading", nullptr}};
    try {
        measure(arm, settings, record);
    } catch (const trial_failure& reason) {
        record["reasons"].push_back(reason.what());
    } catch (const failure& reason) {
        record["reasons"].push_back(reason.what());
    } catch (const json::exception& error) {
        record["reasons"].push_back(
            fmt::format("a line of the server's is wrong: {}", error.what()));
    }
    return record;
}

}  // namespace regatta
