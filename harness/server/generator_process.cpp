#include "harness/server/generator_process.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "harness/server/open_loop_record.hpp"

namespace regatta {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr std::chrono::nanoseconds drain = 2s;
// Enough slices to see a trend in a short window, long enough to hold some replies each.
constexpr int intervals_min = 50;
constexpr std::chrono::nanoseconds interval_shortest = 10ms;
constexpr std::chrono::nanoseconds interval_longest = 100ms;
// On other hosts: until mpirun has started all ranks, and until those that are lost are given up.
constexpr std::chrono::nanoseconds launch_time = 30s;
// What a loaded machine may add to any step before the generator counts as hung.
constexpr std::chrono::nanoseconds patience = 10s;

/// Idle connections take their time beside those that are loaded: a model may start a thread for
/// each.
std::chrono::nanoseconds connect_time(const benchmark& arm, const trial_settings& settings) {
    constexpr std::chrono::nanoseconds for_each_idle = 5ms;
    return settings.connect + arm.workload->load(arm.values).idle_connections * for_each_idle;
}

/// Longer than all steps may take together: whoever started the ranks ends them then, should all
/// else that bounds them have failed.
std::chrono::seconds last_bound(const benchmark& arm, const trial_settings& settings) {
    constexpr int steps = 5;  // connected, measuring, measured, result, the end
    constexpr int launches = 3;
    return std::chrono::ceil<std::chrono::seconds>(connect_time(arm, settings) + settings.warmup +
                                                   settings.measure + drain + steps * patience +
                                                   launches * launch_time);
}

json plan_of(const benchmark& arm, const trial_settings& settings, const placement& placed,
             const served_at& server) {
    json parameters = json::object();
    for (std::size_t i = 0; i < arm.workload->parameters.size(); ++i) {
        parameters[std::string(arm.workload->parameters[i].name)] = arm.values[i];
    }
    const auto interval = std::clamp<std::chrono::nanoseconds>(settings.measure / intervals_min,
                                                               interval_shortest, interval_longest);
    // Whole milliseconds, as the steps of a rate that changes are.
    const auto warmup = std::chrono::ceil<std::chrono::milliseconds>(settings.warmup);
    json plan{{"workload", arm.workload->name},
              {"params", std::move(parameters)},
              {"rounds_per_us", settings.rounds_per_us},
              {"address", server.address},
              {"port", server.port},
              {"connections", arm.connections},
              {"depth", arm.depth},
              {"engine", settings.generator_engine},
              {"threads", settings.generator_threads},
              {"slow_ns_per_request", settings.generator_slow_ns},
              {"warmup_ns", std::chrono::nanoseconds(warmup).count()},
              {"measure_ns", settings.measure.count()},
              {"drain_ns", drain.count()},
              {"connect_ns", connect_time(arm, settings).count()},
              {"interval_ns", interval.count()},
              {"cpus", placed.generator_cpus},
              {"seed", settings.seed & INT64_MAX}};
    if (!settings.ranks.source_addresses.empty()) {
        plan["source_addresses"] = settings.ranks.source_addresses;
    }
    if (settings.ranks.count != 0) {
        static std::uint64_t loads = 0;
        plan["label"] =
            settings.ranks.label.empty() ? fmt::format("load-{}", loads++) : settings.ranks.label;
    }
    if (server.pid) {
        plan["server_pid"] = *server.pid;
    }
    plan.update(load_fields(arm, placed, warmup));
    return plan;
}

}  // namespace

generator_process::generator_process(const benchmark& arm, const trial_settings& settings,
                                     const placement& placed, const served_at& server)
    : connect_(connect_time(arm, settings)),
      warmup_(settings.warmup),
      measure_(settings.measure),
      launch_(settings.ranks.are_launched() ? launch_time : 0s),
      process_({ranks_command(settings.ranks, settings.generator, last_bound(arm, settings)),
                {},
                placed.generator_cpus}),
      voice_{process_, "the generator"},
      server_(server.voice) {
    tell(plan_of(arm, settings, placed, server).dump());
}

void generator_process::await_connected() {
    const json connected = await("connected", connect_ + launch_);
    pids_ = {process_.pid()};
    for (const json& pid : connected.value("pids", json::array())) {
        pids_.push_back(pid.get<pid_t>());
    }
}

void generator_process::begin() {
    tell("go");
    await("measuring", warmup_);
    window_begin_ = clock_type::now();
}

void generator_process::await_window_end() {
    // A line before its time, or an end, is what the next wait is about.
    const auto has_news = [&] {
        return process_.has_line() || process_.has_ended() ||
               (server_ != nullptr && server_->process.has_ended());
    };
    const auto end = window_begin_ + measure_;
    if (server_ == nullptr) {
        wait_until({&process_}, end, true, has_news);
    } else {
        wait_until({&process_, &server_->process}, end, true, has_news);
    }
}

void generator_process::await_measured() {
    await("measured", measure_ + drain + launch_);
}

json generator_process::finish() {
    tell("finish");
    json result = await("result", launch_);
    if (const json ranks = result.value("ranks", json::object());
        ranks.value("reported", 0) != ranks.value("asked", 0)) {
        process_.kill();  // with ranks that are lost it cannot end well
        return result;
    }
    wait_until({&process_}, clock_type::now() + patience, true,
               [&] { return process_.has_ended(); });
    if (!process_.has_ended() || !process_.ending().is_success()) {
        throw trial_failure(process_.has_ended() ? describe_end(voice_) + " after its result"
                                                 : "the generator did not end after its result");
    }
    return result;
}

json generator_process::await(std::string_view event, std::chrono::nanoseconds longest) {
    return await_event(voice_, event, clock_type::now() + longest + patience, server_);
}

void generator_process::tell(std::string_view word) {
    // When it does not listen it has ended or hangs; the next wait says which.
    static_cast<void>(process_.write_line(word));
}

client_counts client_counts_of(const json& result) {
    const json& client = result.at("client");
    client_counts counts{client.at("connections").get<std::uint64_t>(),
                         client.at("requests").get<std::uint64_t>(),
                         client.at("replies").get<std::uint64_t>(),
                         client.at("bytes_sent").get<std::uint64_t>(),
                         client.at("bytes_received").get<std::uint64_t>(),
                         {}};
    for (const auto& [kind, count] : client.at("errors").items()) {
        counts.errors[kind] = count.get<std::uint64_t>();
    }
    return counts;
}

}  // namespace regatta
