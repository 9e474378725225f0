#include "harness/distributed/agent.hpp"

#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>

#include <fmt/format.h>

#include "harness/load/failure.hpp"

namespace regatta::distributed {
namespace {

using nlohmann::json;

// The state of a process as /proc has it: 'T' is stopped. ' ' when it cannot be read.
char state_of(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string line;
    std::getline(file, line);
    const std::size_t end = line.rfind(')');
    return end == std::string::npos || end + 2 >= line.size() ? ' ' : line[end + 2];
}

}  // namespace

agent::agent(transport& others, child_process& generator)
    : others_(others), generator_(generator) {}

int agent::run() {
    others_.send(0, {{"say", "hello"},
                     {"host", host_name()},
                     {"pid", ::getpid()},
                     {"generator_pid", generator_.pid()}});
    heard_ns_ = clock_.now_ns();
    for (;;) {
        const std::uint64_t now = clock_.now_ns();
        const bool has_beaten = now - beaten_ns_ >= pulse_ns;
        if (has_beaten) {
            beat();
        }
        // A generator that loads is not disturbed more often than that.
        if (!is_loading_ || has_beaten) {
            while (const auto words = others_.receive()) {
                heard_ns_ = clock_.now_ns();
                if (!heed(words->body)) {
                    return 0;
                }
            }
            if (others_.next_departure() || clock_.now_ns() - heard_ns_ > orphan_ns) {
                return 1;  // nobody is left to be told
            }
        }
        relay_generator();
        nap();
    }
}

// False: the word was to stop.
bool agent::heed(const json& words) {
    const auto order = words.at("do").get<std::string>();
    if (order == "clock") {
        // Stamped as soon as it is read, answered at once.
        others_.send(0, {{"say", "clock"}, {"at_ns", load::now_ns()}, {"number", words["number"]}});
        clock_asked_ns_ = load::now_ns();
    } else if (order == "plan") {
        take_plan(words);
    } else if (order == "go") {
        is_loading_ = true;
        static_cast<void>(
            generator_.write_line(fmt::format("go {}", words.at("begin_ns").get<std::uint64_t>())));
    } else if (order == "finish") {
        static_cast<void>(generator_.write_line("finish"));
    } else if (order == "stop") {
        return false;
    }
    return true;
}

void agent::take_plan(const json& words) {
    const json& plan = words.at("plan");
    try {
        if (const auto folder = words.at("shards").get<std::string>(); !folder.empty()) {
            shard_.emplace(folder, words.at("label").get<std::string>(), others_.rank(),
                           others_.loaders(), plan);
        }
    } catch (const load::failure& why) {
        tell_lost(fmt::format("{} ({})", why.what(), why.hint()), why.exit_status());
        return;
    }
    static_cast<void>(generator_.write_line(plan.dump()));
}

void agent::relay_generator() {
    while (const auto line = generator_.next_line()) {
        relay(*line);
    }
    if (generator_.has_ended() && !is_over_) {
        const std::string words = generator_.last_error_line();
        tell_lost(fmt::format("its generator ended with {}{}", generator_.ending().describe(),
                              words.empty() ? "" : " ('" + words + "')"),
                  1);
    }
}

void agent::relay(const std::string& line) {
    json event = json::parse(line, nullptr, false);
    const auto name = event.is_object() ? event.value("event", "") : "";
    if (name == "error") {
        wait_until({&generator_}, clock_type::now() + std::chrono::seconds(1), false,
                   [&] { return generator_.has_ended(); });
        const int status = generator_.has_ended() ? generator_.ending().exit_status.value_or(1) : 1;
        const auto hint = event.value("hint", "");
        tell_lost(event.value("reason", "") + (hint.empty() ? "" : " (" + hint + ")"), status);
        return;
    }
    if (name == "measuring") {
        return;  // the window has begun: nothing is said in it that can wait
    }
    if (name == "measured") {
        is_loading_ = false;
    }
    if (name == "result") {
        try {
            if (shard_) {
                shard_->finish(event);
                event["shard"] = shard_->file().string();
            }
        } catch (const load::failure& why) {
            event["shard_obstacle"] = why.what();
        }
        is_over_ = true;
    }
    others_.send(0, {{"say", "event"}, {"event", std::move(event)}});
}

void agent::tell_lost(const std::string& reason, int exit_status) {
    is_loading_ = false;
    is_over_ = true;
    others_.send(0, {{"say", "lost"}, {"reason", reason}, {"exit_status", exit_status}});
}

void agent::beat() {
    beaten_ns_ = clock_.now_ns();
    const bool is_stopped = !generator_.has_ended() && state_of(generator_.pid()) == 'T';
    others_.send(0, {{"say", "alive"}, {"is_stopped", is_stopped}});
}

// Rank 0 asks for the clock many times on end, and whoever sleeps meanwhile makes the bound wide.
void agent::nap() {
    constexpr std::uint64_t spin_ns = 3'000'000;
    constexpr auto short_nap = std::chrono::milliseconds(1);
    constexpr auto long_nap = std::chrono::milliseconds(250);
    if (load::now_ns() - clock_asked_ns_ < spin_ns) {
        ::sched_yield();
        return;
    }
    if (generator_.has_ended()) {
        ::usleep(1000);
        return;
    }
    wait_until({&generator_}, clock_type::now() + (is_loading_ ? long_nap : short_nap), false,
               [&] { return generator_.has_line() || generator_.has_ended(); });
}

}  // namespace regatta::distributed
