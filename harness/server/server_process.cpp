#include "harness/server/server_process.hpp"

#include <csignal>

#include <fmt/format.h>

#include "harness/server/arguments.hpp"
#include "harness/server/ending_record.hpp"
#include "runtimes/runtime.hpp"

namespace regatta {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto ready_deadline = 10s;
constexpr auto done_deadline = drain_deadline + 2s;
constexpr auto exit_deadline = 2s;

}  // namespace

server_process::server_process(const benchmark& arm, std::int64_t rounds_per_us,
                               const std::vector<int>& cpus)
    : process_({contract_command(arm, "serve", rounds_per_us), arm.runtime->folder, cpus}),
      voice_{process_, "the server"} {
    check_ready(arm, rounds_per_us,
                await_event(voice_, "ready", clock_type::now() + ready_deadline));
}

void server_process::check_ready(const benchmark& arm, std::int64_t rounds_per_us,
                                 const json& ready) {
    try {
        port_ = ready.at("port").get<int>();
        pid_ = ready.at("pid").get<pid_t>();
        effective_ = ready.at("effective");
        notes_ = ready.value("notes", std::vector<std::string>());
    } catch (const json::exception& error) {
        throw trial_failure(fmt::format("the server's ready line is wrong: {}", error.what()));
    }
    if (port_ < 1 || port_ > 65535 || pid_ < 1) {
        throw trial_failure(
            fmt::format("the server's ready line has port {} and pid {}", port_, pid_));
    }
    if (const auto found = effective_difference(arm, rounds_per_us, effective_)) {
        throw trial_failure("the server is not what was asked for: " + *found);
    }
}

std::optional<std::string> server_process::stop() {
    if (process_.has_ended()) {
        return describe_end(voice_) + " before it was asked to stop";
    }
    process_.send_signal(SIGTERM);
    std::optional<std::string> complaint = take_done();
    wait_until({&process_}, clock_type::now() + exit_deadline, false,
               [&] { return process_.has_ended(); });
    if (!process_.has_ended()) {
        process_.kill();
        return complaint ? complaint : "the server printed its counters and did not end";
    }
    if (!complaint && !process_.ending().is_success()) {
        return describe_end(voice_) + " after its done line";
    }
    return complaint;
}

std::optional<std::string> server_process::take_done() {
    const auto deadline = clock_type::now() + done_deadline;
    std::optional<std::string> line;
    const auto has_news = [&] {
        line = process_.next_line();
        return line.has_value() || process_.has_ended();
    };
    if (wait_until({&process_}, deadline, false, has_news) == wait_result::deadline) {
        process_.kill();
        return fmt::format("the server did not stop within {} s and was killed",
                           std::chrono::duration_cast<std::chrono::seconds>(done_deadline).count());
    }
    if (!line) {
        return describe_end(voice_) + " before the done line";
    }
    json done = json::parse(*line, nullptr, false);
    try {
        if (done.at("event") != "done") {
            throw trial_failure("another line");
        }
        const json& counts = done.at("counters");
        counted_ = {
            counts.at("accepted").get<std::uint64_t>(), counts.at("requests").get<std::uint64_t>(),
            counts.at("bytes_received").get<std::uint64_t>(),
            counts.at("bytes_sent").get<std::uint64_t>(), counts.at("errors").get<std::uint64_t>()};
    } catch (const std::exception&) {
        return fmt::format("the server printed no done line with its counters: {}", excerpt(*line));
    }
    done_ = std::move(done);
    return std::nullopt;
}

json server_process::record() const {
    json record{
        {"counters", done_.is_object() ? done_["counters"] : json()},
        {"aborted_sessions", done_.is_object() ? done_.value("aborted_sessions", json()) : json()},
        {"notes", notes_}};
    record["cpu_share"] = nullptr;
    record.update(ending_record(process_));
    return record;
}

}  // namespace regatta
