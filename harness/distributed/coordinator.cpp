#include "harness/distributed/coordinator.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "harness/distributed/merge.hpp"
#include "harness/distributed/rank_table.hpp"
#include "harness/distributed/shard.hpp"
#include "harness/load/failure.hpp"
#include "harness/load/plan.hpp"
#include "harness/load/result_reader.hpp"

namespace regatta::distributed {
namespace {

using nlohmann::json;

constexpr std::uint64_t second_ns = 1'000'000'000;
// What a loaded machine may add to any step.
constexpr std::uint64_t patience_ns = 10 * second_ns;
// As long as the begin is ahead when it is agreed on: every rank has to hear of it before.
constexpr std::uint64_t lead_ns = 50'000'000;
constexpr std::uint64_t lead_of_rank_ns = 1'000'000;

void say(const json& line) {
    const std::string text = line.dump() + '\n';
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

std::uint64_t in(std::uint64_t duration_ns) {
    return load::now_ns() + duration_ns;
}

}  // namespace

coordinator::coordinator(transport& others, std::filesystem::path shards)
    : others_(others), shards_(std::move(shards)), ranks_(others), words_(STDIN_FILENO) {}

int coordinator::run() {
    await_loaders();
    measure_clocks(&loader::clock);
    const auto line = await_word();
    if (!line) {
        throw load::failure(load::failure::kind::usage, "there is no plan on standard input",
                            "one line of JSON, as in harness/load/README.md");
    }
    hand_out_plan(*line);
    insist(in(outline_.connect_ns + patience_ns), loader::stage::connected, "connected");
    std::uint64_t connections = 0;
    json pids = json::array();
    for (const loader& each : ranks_.all()) {
        connections += each.connections;
        if (each.host == host_name()) {
            pids.push_back(each.generator_pid);
        }
    }
    say({{"event", "connected"}, {"connections", connections}, {"pids", std::move(pids)}});
    if (await_word() != "go") {
        return static_cast<int>(load::failure::kind::other);
    }
    load();
    if (await_word() != "finish") {
        return static_cast<int>(load::failure::kind::other);
    }
    ranks_.tell_all({{"do", "finish"}});
    wait(in(patience_ns), [&] { return ranks_.have_reached(loader::stage::finished); });
    say_result();
    return 0;
}

void coordinator::await_loaders() {
    const bool are_there =
        wait(in(patience_ns), [&] { return ranks_.have_reached(loader::stage::present); });
    if (!are_there) {
        for (const loader& each : ranks_.all()) {
            if (each.reached == loader::stage::absent) {
                throw load::failure(load::failure::kind::other,
                                    fmt::format("rank {} did not say within {} s that it is there",
                                                each.rank, patience_ns / second_ns),
                                    "can its host reach this one? (harness/distributed/README.md)");
            }
        }
    }
}

void coordinator::hand_out_plan(const std::string& line) {
    outline_ = read_outline(line);
    json plan = outline_.plan;
    plan["ranks"] = others_.loaders();
    // A plan that cannot be shared out is refused here and not by every rank.
    static_cast<void>(load::parse_plan(plan.dump()));
    for (const loader& each : ranks_.all()) {
        plan["rank"] = each.rank - 1;
        plan["cpus"] = cpus_of(each.rank - 1);
        ranks_.tell(each, {{"do", "plan"},
                           {"plan", plan},
                           {"shards", shards_.string()},
                           {"label", outline_.label}});
    }
}

// The plan's CPUs are this machine's: shared out where there are enough, else everybody's.
json coordinator::cpus_of(std::size_t index) const {
    const json all = outline_.plan.value("cpus", json::array());
    const auto threads = outline_.plan.value("threads", std::size_t{1});
    if (others_.name() != "local" || all.size() < others_.loaders() * threads) {
        return others_.name() == "local" ? all : json::array();
    }
    json own = json::array();
    for (std::size_t i = 0; i < threads; ++i) {
        own.push_back(all[index * threads + i]);
    }
    return own;
}

void coordinator::measure_clocks(clock_offset loader::*into) {
    // A quick exchange makes the bound narrow. On a busy host most are slow: it ends after a while.
    constexpr unsigned exchanges_min = 10;
    constexpr unsigned exchanges_max = 100;
    constexpr std::uint64_t longest_ns = 100'000'000;
    for (loader& each : ranks_.all()) {
        const std::uint64_t enough = in(longest_ns);
        while (each.is_there() && ranks_.exchange_clocks(each, each.*into)) {
            const unsigned done = (each.*into).exchanges();
            if (done >= exchanges_max || (done >= exchanges_min && load::now_ns() > enough)) {
                break;
            }
        }
        ranks_.look();
    }
    if (!may_lose()) {
        refuse_losses();
        for (const loader& each : ranks_.all()) {
            if ((each.*into).exchanges() == 0) {
                throw load::failure(load::failure::kind::other,
                                    fmt::format("{} did not tell its clock's time", each.name()));
            }
        }
    }
}

void coordinator::load() {
    begin_load();
    const std::uint64_t window_begin = begin_ns_ + outline_.warmup_ns;
    window_end_ns_ = window_begin + outline_.measure_ns;
    const auto server_cpu = [&] {
        return outline_.server_pid ? load::process_cpu_ns(*outline_.server_pid) : std::nullopt;
    };
    reach_time(window_begin);
    const auto server_begin = server_cpu();
    say({{"event", "measuring"}});
    reach_time(window_end_ns_);
    if (const auto server_end = server_cpu(); server_begin && server_end) {
        server_cpu_ns_ = *server_end - *server_begin;
    }
    wait(std::max(in(0), window_end_ns_) + outline_.drain_ns + patience_ns,
         [&] { return ranks_.have_reached(loader::stage::measured); });
    if (!ranks_.is_anybody_there()) {
        fail(*ranks_.first_lost());
    }
    measure_clocks(&loader::clock_after);
    say({{"event", "measured"}});
}

void coordinator::begin_load() {
    begin_ns_ = in(lead_ns + lead_of_rank_ns * ranks_.all().size());
    for (const loader& each : ranks_.all()) {
        const auto offset = static_cast<std::uint64_t>(each.clock.offset_ns());
        ranks_.tell(each, {{"do", "go"}, {"begin_ns", begin_ns_ + offset}});
    }
}

// Returns at the time itself, or when every rank's load is over before.
void coordinator::reach_time(std::uint64_t time_ns) {
    wait(time_ns, [&] { return ranks_.have_reached(loader::stage::measured); });
}

void coordinator::say_result() {
    std::vector<load::load_result> parts;
    for (const loader& each : ranks_.all()) {
        if (!each.result.is_null()) {
            parts.push_back(load::result_from_json(each.result));
        }
    }
    if (parts.empty()) {
        const loader* const lost = ranks_.first_lost();
        fail(lost != nullptr ? *lost : ranks_.all().front());
    }
    load::load_result sum = merge(parts);
    sum.server_cpu_ns = server_cpu_ns_;
    json event = load::to_json(sum);
    event["event"] = "result";
    event["ranks"] = rank_table(ranks_, others_.name());
    say(event);
}

bool coordinator::wait(std::uint64_t deadline_ns, const std::function<bool()>& condition) {
    for (;;) {
        ranks_.look();
        if (!may_lose()) {
            refuse_losses();
        }
        if (condition()) {
            return true;
        }
        const std::uint64_t now = load::now_ns();
        if (now >= deadline_ns) {
            return false;
        }
        // In the window rank 0 may share the server's machine: it hardly ever wakes.
        const bool is_quiet = begin_ns_ != 0 && window_end_ns_ != 0 && now < window_end_ns_;
        const std::uint64_t nap_ns = is_quiet ? 20'000'000 : 500'000;
        load::sleep_until(std::min(deadline_ns, now + nap_ns));
    }
}

void coordinator::insist(std::uint64_t deadline_ns, loader::stage wanted, const char* what) {
    if (wait(deadline_ns, [&] { return ranks_.have_reached(wanted); })) {
        return;
    }
    for (const loader& each : ranks_.all()) {
        if (each.reached < wanted) {
            throw load::failure(load::failure::kind::other,
                                fmt::format("{} was not {} in time", each.name(), what));
        }
    }
}

// The next line of whoever started this; nothing when it is gone.
std::optional<std::string> coordinator::await_word() {
    std::optional<std::string> word;
    wait(load::never_ns, [&] {
        word = words_.next();
        return word.has_value() || words_.is_over();
    });
    return word;
}

void coordinator::refuse_losses() const {
    if (const loader* const lost = ranks_.first_lost()) {
        fail(*lost);
    }
}

// The end is near enough to wait for what the others have seen.
bool coordinator::may_lose() const {
    return window_end_ns_ != 0 && load::now_ns() + silence_ns > window_end_ns_ + outline_.drain_ns;
}

void coordinator::fail(const loader& lost) const {
    const std::string kept = shards_kept();
    throw load::failure(
        static_cast<load::failure::kind>(std::clamp(lost.exit_status, 1, 3)),
        fmt::format("{}: {}", lost.name(), lost.lost.empty() ? "it gave no result" : lost.lost),
        kept.empty() ? "" : "finished shards: " + kept);
}

std::string coordinator::shards_kept() const {
    std::string kept;
    for (const loader& each : ranks_.all()) {
        if (each.result.is_object() && each.result.contains("shard")) {
            kept += fmt::format("{}{} ({})", kept.empty() ? "" : ", ",
                                each.result.at("shard").get<std::string>(), each.name());
        }
    }
    return kept;
}

}  // namespace regatta::distributed
