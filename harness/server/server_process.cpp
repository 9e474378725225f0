#include "harness/server/server_process.hpp"

#include <unistd.h>

#include <csignal>

#include <fmt/format.h>

#include "harness/server/arguments.hpp"
#include "harness/server/backend_process.hpp"
#include "harness/server/ending_record.hpp"
#include "runtimes/runtime.hpp"

namespace regatta {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto ready_deadline = 10s;
constexpr auto done_deadline = drain_deadline + 2s;
// A server with a thread for each connection has to end them all.
constexpr auto done_for_each_idle = 500us;
constexpr auto exit_deadline = 2s;
// A prime, so that the probe does not beat with a workload's own times.
constexpr const char* loop_lag_period_ms = "11";

// Where a server listens unless told otherwise.
constexpr std::string_view loopback = "127.0.0.1";

std::vector<std::string> serve_command(const benchmark& arm, std::int64_t rounds_per_us,
                                       bool probes_loop_lag, const backend_process* backend,
                                       const std::string& address) {
    std::vector<std::string> command = contract_command(arm, "serve", rounds_per_us);
    if (probes_loop_lag) {
        command.insert(command.end(), {"--loop-lag-ms", loop_lag_period_ms});
    }
    if (address != loopback) {
        command.insert(command.end(), {"--listen", arm.is_over_unix() ? address : address + ":0"});
    }
    if (backend != nullptr) {
        command.insert(command.end(), {"--backend-port", std::to_string(backend->port())});
    }
    return command;
}

/// A Unix socket of this trial's own.
std::string address_for(const benchmark& arm, const std::string& otherwise) {
    static std::uint64_t count = 0;
    return arm.is_over_unix() ? fmt::format("unix:@regatta-{}-{}", ::getpid(), count++) : otherwise;
}

/// Why the lag of this runtime's loop is not measured, in its own words where it has some.
std::optional<std::string> loop_lag_obstacle(const runtime_entry& runtime) {
    const json offer = runtime.description.is_object()
                           ? runtime.description.value("loop_lag", json::object())
                           : json::object();
    if (offer.is_object() && offer.value("supported", json()) == true) {
        return std::nullopt;
    }
    const json reason = offer.is_object() ? offer.value("reason", json()) : json();
    return reason.is_string() ? reason.get<std::string>() : "its program does not offer it";
}

/// `loop_lag` of the done line as the record has it: numbers or null, and always a reason for
/// null.
json loop_lag_of(const json& done, const std::optional<std::string>& obstacle) {
    json lag{{"reason", obstacle ? *obstacle : "the done line has none"}};
    for (const char* field : {"lag_ns_p50", "lag_ns_p99", "lag_ns_max", "count"}) {
        lag[field] = nullptr;
    }
    const json said = done.is_object() ? done.value("loop_lag", json()) : json();
    if (obstacle || !said.is_object()) {
        return lag;
    }
    for (const char* field : {"lag_ns_p50", "lag_ns_p99", "lag_ns_max", "count"}) {
        const json value = said.value(field, json());
        lag[field] = value.is_number_unsigned() ? value : json();
    }
    lag["reason"] = said.value("reason", json());
    return lag;
}

}  // namespace

server_process::server_process(const benchmark& arm, std::int64_t rounds_per_us,
                               const std::vector<int>& cpus, bool probes_loop_lag,
                               const std::vector<int>& backend_cpus, const std::string& address)
    : backend_(start_backend(arm, rounds_per_us, backend_cpus)),
      address_(address_for(arm, address)),
      no_lag_(probes_loop_lag ? loop_lag_obstacle(*arm.runtime) : "switched off"),
      done_deadline_(done_deadline +
                     arm.workload->load(arm.values).idle_connections * done_for_each_idle),
      process_({serve_command(arm, rounds_per_us, !no_lag_, backend_.get(), address_),
                arm.runtime->folder, cpus}),
      voice_{process_, "the server"} {
    check_ready(arm, rounds_per_us,
                await_event(voice_, "ready", clock_type::now() + ready_deadline));
}

server_process::~server_process() = default;

std::optional<pid_t> server_process::backend_pid() const {
    return backend_ ? std::optional(backend_->pid()) : std::nullopt;
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
    const int port_min = arm.is_over_unix() ? 0 : 1;
    if (port_ < port_min || port_ > 65535 || pid_ < 1) {
        throw trial_failure(
            fmt::format("the server's ready line has port {} and pid {}", port_, pid_));
    }
    if (const auto found = effective_difference(arm, rounds_per_us, effective_)) {
        std::string reason = "the server is not what was asked for: " + *found;
        for (const json& note : notes_) {
            reason += "; it says: " + note.get<std::string>();
        }
        throw trial_failure(reason);
    }
}

std::optional<std::string> server_process::stop() {
    const std::optional<std::string> complaint = stop_server();
    const std::optional<std::string> of_backend = backend_ ? backend_->stop() : std::nullopt;
    return complaint ? complaint : of_backend;
}

std::optional<std::string> server_process::stop_server() {
    if (process_.has_ended()) {
        is_lost_ = true;
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
    const auto deadline = clock_type::now() + done_deadline_;
    std::optional<std::string> line;
    const auto has_news = [&] {
        line = process_.next_line();
        return line.has_value() || process_.has_ended();
    };
    if (wait_until({&process_}, deadline, false, has_news) == wait_result::deadline) {
        process_.kill();
        return fmt::format(
            "the server did not stop within {} s and was killed",
            std::chrono::duration_cast<std::chrono::seconds>(done_deadline_).count());
    }
    if (!line) {
        is_lost_ = process_.ending().signal.has_value();
        return describe_end(voice_) + " before the done line";
    }
    json done = json::parse(*line, nullptr, false);
    try {
        if (done.at("event") != "done") {
            throw trial_failure("another line");
        }
        const json& counts = done.at("counters");
        counted_ = {counts.at("accepted").get<std::uint64_t>(),
                    counts.at("requests").get<std::uint64_t>(),
                    counts.at("bytes_received").get<std::uint64_t>(),
                    counts.at("bytes_sent").get<std::uint64_t>(),
                    counts.at("errors").get<std::uint64_t>(),
                    counts.value("cancelled", std::uint64_t{0})};
    } catch (const std::exception&) {
        return fmt::format("the server printed no done line with its counters: {}", excerpt(*line));
    }
    if (const auto found = done.find("notes"); found != done.end() && found->is_array()) {
        for (const json& each : *found) {
            closing_notes_.push_back(each.is_string() ? each.get<std::string>() : each.dump());
        }
    }
    done_ = std::move(done);
    return std::nullopt;
}

json server_process::record() const {
    json record{
        {"counters", done_.is_object() ? done_["counters"] : json()},
        {"aborted_sessions", done_.is_object() ? done_.value("aborted_sessions", json()) : json()},
        {"notes", notes_}};
    record["injected"] = done_.is_object() ? done_.value("injected", json()) : json();
    record["cpu_share"] = nullptr;
    record["loop_lag"] = loop_lag_of(done_, no_lag_);
    record.update(ending_record(process_));
    return record;
}

}  // namespace regatta
