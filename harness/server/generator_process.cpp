#include "harness/server/generator_process.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "harness/server/open_loop_record.hpp"

namespace regatta {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr std::chrono::nanoseconds connect_deadline = 5s;
constexpr std::chrono::nanoseconds drain = 2s;
// Enough slices to see a trend in a short window, long enough to hold some replies each.
constexpr int intervals_min = 50;
constexpr std::chrono::nanoseconds interval_shortest = 10ms;
constexpr std::chrono::nanoseconds interval_longest = 100ms;
// What a loaded machine may add to any step before the generator counts as hung.
constexpr std::chrono::nanoseconds patience = 10s;

json plan_of(const benchmark& arm, const trial_settings& settings, const placement& placed,
             int port, pid_t server_pid) {
    json parameters = json::object();
    for (std::size_t i = 0; i < arm.workload->parameters.size(); ++i) {
        parameters[std::string(arm.workload->parameters[i].name)] = arm.values[i];
    }
    const auto interval = std::clamp<std::chrono::nanoseconds>(settings.measure / intervals_min,
                                                               interval_shortest, interval_longest);
    json plan{{"workload", arm.workload->name},
              {"params", std::move(parameters)},
              {"rounds_per_us", settings.rounds_per_us},
              {"address", "127.0.0.1"},
              {"port", port},
              {"connections", arm.connections},
              {"depth", arm.depth},
              {"engine", settings.generator_engine},
              {"warmup_ns", settings.warmup.count()},
              {"measure_ns", settings.measure.count()},
              {"drain_ns", drain.count()},
              {"connect_ns", connect_deadline.count()},
              {"interval_ns", interval.count()},
              {"cpus", placed.generator_cpus},
              {"server_pid", server_pid},
              {"seed", settings.seed & INT64_MAX}};
    plan.update(load_fields(arm, placed));
    return plan;
}

}  // namespace

generator_process::generator_process(const benchmark& arm, const trial_settings& settings,
                                     const placement& placed, int port, pid_t server_pid,
                                     const speaker& server)
    : warmup_(settings.warmup),
      measure_(settings.measure),
      process_({{settings.generator.string()}, {}, placed.generator_cpus}),
      voice_{process_, "the generator"},
      server_(server) {
    tell(plan_of(arm, settings, placed, port, server_pid).dump());
}

void generator_process::await_connected() {
    await("connected", connect_deadline);
}

void generator_process::begin() {
    tell("go");
    await("measuring", warmup_);
}

void generator_process::await_measured() {
    await("measured", measure_ + drain);
}

json generator_process::finish() {
    tell("finish");
    json result = await("result", 0s);
    wait_until({&process_}, clock_type::now() + patience, true,
               [&] { return process_.has_ended(); });
    if (!process_.has_ended() || !process_.ending().is_success()) {
        throw trial_failure(process_.has_ended() ? describe_end(voice_) + " after its result"
                                                 : "the generator did not end after its result");
    }
    return result;
}

json generator_process::await(std::string_view event, std::chrono::nanoseconds longest) {
    return await_event(voice_, event, clock_type::now() + longest + patience, &server_);
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
