#include "harness/server/conformance.hpp"

#include <csignal>

#include <fmt/format.h>

#include "harness/failure.hpp"
#include "harness/server/arguments.hpp"
#include "harness/server/backend_process.hpp"
#include "harness/server/conversation.hpp"

namespace regatta {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto stop_patience = 10s;
constexpr const char* unknown_word = "no_such_word";

/// Ends with the words of a trial_failure as the complaint.
template <class Check>
conformance_check judged(std::string promise, Check check) {
    try {
        check();
        return {std::move(promise), std::nullopt};
    } catch (const trial_failure& reason) {
        return {std::move(promise), reason.what()};
    } catch (const failure& reason) {
        return {std::move(promise), reason.what()};
    }
}

child_options options_for(const runtime_entry& runtime, std::vector<std::string> words) {
    std::vector<std::string> command = runtime.command;
    command.insert(command.end(), words.begin(), words.end());
    return {std::move(command), runtime.folder, {}};
}

void await_end(child_process& program) {
    wait_until({&program}, clock_type::now() + stop_patience, true,
               [&] { return program.has_ended(); });
    if (!program.has_ended()) {
        throw trial_failure(fmt::format("it did not end within {} s", stop_patience.count()));
    }
}

void refuse_more_lines(child_process& program) {
    if (const auto line = program.next_line()) {
        throw trial_failure("it printed one more line: " + excerpt(*line));
    }
}

/// `words` must be refused: one error line with a reason, and exit status 2.
void expect_refusal(const runtime_entry& runtime, std::vector<std::string> words) {
    child_process program(options_for(runtime, std::move(words)));
    program.close_input();
    await_end(program);
    const auto line = program.next_line();
    if (!line) {
        throw trial_failure(describe_end({program, "it"}) + " and printed no error line");
    }
    const json said = json::parse(*line, nullptr, false);
    const bool is_error = said.is_object() && said.value("event", json()) == "error" &&
                          said.value("reason", json()).is_string();
    if (!is_error) {
        throw trial_failure("it printed no error line with a reason: " + excerpt(*line));
    }
    if (program.ending().exit_status != 2) {
        throw trial_failure(fmt::format("it ended with {}, and a usage error is exit status 2",
                                        program.ending().describe()));
    }
    refuse_more_lines(program);
}

/// A server of `arm` must stop when `ask` asks it to: a done line with counters that are 0, and
/// exit status 0.
template <class Ask>
void expect_stop(const benchmark& arm, Ask ask) {
    const auto backend = start_backend(arm, 1, {});
    std::vector<std::string> command = contract_command(arm, "serve", 1);
    if (backend) {
        command.insert(command.end(), {"--backend-port", std::to_string(backend->port())});
    }
    child_process program({std::move(command), arm.runtime->folder, {}});
    const speaker voice{program, "it"};
    await_event(voice, "ready", clock_type::now() + stop_patience);
    ask(program);
    const json done = await_event(voice, "done", clock_type::now() + stop_patience);
    for (const char* counter : {"accepted", "requests", "bytes_received", "bytes_sent", "errors"}) {
        const json counters = done.value("counters", json::object());
        if (counters.value(counter, json()) != 0) {
            throw trial_failure(
                fmt::format("nobody connected, and its counter '{}' is {}", counter,
                            counters.contains(counter) ? counters.at(counter).dump() : "missing"));
        }
    }
    await_end(program);
    if (!program.ending().is_success()) {
        throw trial_failure(fmt::format("it ended with {}", program.ending().describe()));
    }
    refuse_more_lines(program);
}

/// The first server workload that `runtime` offers, or null.
const workload_info* first_server_workload(const runtime_entry& runtime) {
    for (const workload_info& each : all_workload_info()) {
        if (each.kind == workload_kind::server && runtime.support_of(each.name).supported) {
            return &each;
        }
    }
    return nullptr;
}

}  // namespace

std::vector<conformance_check> check_contract(const runtime_entry& runtime) {
    if (!runtime.is_available()) {
        return {{"it can run here and describes itself", runtime.reason}};
    }
    std::vector<conformance_check> checks{{"it can run here and describes itself", std::nullopt}};
    checks.push_back(judged("refuses an unknown verb: error line, exit status 2",
                            [&] { expect_refusal(runtime, {unknown_word}); }));
    checks.push_back(judged("refuses an unknown workload", [&] {
        expect_refusal(runtime, {"serve", "--workload", unknown_word});
    }));
    const workload_info* workload = first_server_workload(runtime);
    if (workload == nullptr) {
        return checks;
    }
    const benchmark arm = default_benchmark(*workload, runtime);
    checks.push_back(judged("refuses an unknown option", [&] {
        expect_refusal(runtime, {"serve", "--workload", workload->name,
                                 fmt::format("--{}", unknown_word), "1"});
    }));
    checks.push_back(judged("stops at SIGTERM: done line, exit status 0", [&] {
        expect_stop(arm, [](child_process& program) { program.send_signal(SIGTERM); });
    }));
    checks.push_back(judged("stops at the end of its standard input", [&] {
        expect_stop(arm, [](child_process& program) { program.close_input(); });
    }));
    return checks;
}

}  // namespace regatta
