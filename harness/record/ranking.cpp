#include "harness/record/ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/record/format.hpp"

namespace regatta {
namespace {

using rivals_list = std::vector<const benchmark_summary*>;

bool is_ahead(const benchmark_summary& a, const benchmark_summary& b, std::string_view metric) {
    const double in_a = a.over_trials(metric).median.value_or(0);
    const double in_b = b.over_trials(metric).median.value_or(0);
    return format::more_is_better(metric) ? in_a > in_b : in_a < in_b;
}

/// In the fixed order of runtimes, so that a list of equals is no ranking.
std::vector<std::string> labels(rivals_list rivals) {
    std::stable_sort(rivals.begin(), rivals.end(), [](const auto* a, const auto* b) {
        return a->runtime != b->runtime ? format::runtime_less(a->runtime, b->runtime)
                                        : format::natural_less(a->label, b->label);
    });
    std::vector<std::string> names;
    for (const benchmark_summary* rival : rivals) {
        names.push_back(rival->label);
    }
    return names;
}

/// The sets of rivals of whom no two can be told apart: every such pair is in one of them, and none
/// holds another. `ranked`: best first.
std::vector<rivals_list> indistinguishable(const rivals_list& ranked) {
    const std::string_view metric = ranked.front()->ranking_metric();
    std::vector<rivals_list> sets;
    const auto share_a_set = [&sets](const benchmark_summary* a, const benchmark_summary* b) {
        return std::any_of(sets.begin(), sets.end(), [a, b](const rivals_list& set) {
            return std::find(set.begin(), set.end(), a) != set.end() &&
                   std::find(set.begin(), set.end(), b) != set.end();
        });
    };
    for (std::size_t i = 0; i < ranked.size(); ++i) {
        for (std::size_t j = i + 1; j < ranked.size(); ++j) {
            if (can_be_told_apart(*ranked[i], *ranked[j], metric) ||
                share_a_set(ranked[i], ranked[j])) {
                continue;
            }
            rivals_list set{ranked[i], ranked[j]};
            for (const benchmark_summary* other : ranked) {
                const auto stays_out = [&](const benchmark_summary* member) {
                    return member == other || can_be_told_apart(*member, *other, metric);
                };
                if (std::none_of(set.begin(), set.end(), stays_out)) {
                    set.push_back(other);
                }
            }
            sets.push_back(std::move(set));
        }
    }
    return sets;
}

std::string lead_of(const benchmark_summary& first, const benchmark_summary& second) {
    const std::string_view metric = first.ranking_metric();
    if (format::more_is_better(metric)) {
        const auto lead = ratio_of(first, second, metric);
        return fmt::format("Fastest: {}, {} times {}.", first.label,
                           format::ratio(lead->value, lead->range), second.label);
    }
    const auto lead = ratio_of(second, first, metric);
    return fmt::format("Lowest p99: {}; that of {} is {} times as high.", first.label, second.label,
                       format::ratio(lead->value, lead->range));
}

/// " The generator, not the runtime, set the rate of asio (generator-bound).", for each such
/// verdict.
std::string limits_of(const rivals_list& ranked) {
    std::string text;
    for (const auto& [verdict, culprit] : {std::pair{"generator-bound", "The generator"},
                                           std::pair{"rate-limited", "The workload or schedule"}}) {
        rivals_list held;
        std::copy_if(ranked.begin(), ranked.end(), std::back_inserter(held),
                     [verdict = verdict](const auto* rival) {
                         return rival->mode != "open" && rival->limited_by() == verdict;
                     });
        if (!held.empty()) {
            text += fmt::format(" {}, not the runtime, set the rate of {} ({}).", culprit,
                                format::listing(labels(held)), verdict);
        }
    }
    return text;
}

}  // namespace

bool is_ping_pong(const benchmark_summary& summary) {
    const auto one = [&summary](const char* param, int otherwise) {
        return summary.params.value(param, nlohmann::json(otherwise)) == 1;
    };
    return summary.mode == "closed" && one("connections", 0) && one("depth", 1);
}

bool can_be_told_apart(const benchmark_summary& a, const benchmark_summary& b,
                       std::string_view metric) {
    if ((is_ping_pong(a) || is_ping_pong(b)) &&
        (metric == "throughput_per_s" || metric.starts_with("latency_ns"))) {
        return false;
    }
    const benchmark_summary& slower = is_ahead(a, b, metric) ? b : a;
    if (metric == "throughput_per_s" && !slower.limited_by().empty()) {
        return false;
    }
    return stats::can_be_told_apart(ratio_of(a, b, metric), a.over_trials(metric),
                                    b.over_trials(metric));
}

std::string ranking_sentence(std::span<const benchmark_summary> rivals) {
    rivals_list ranked;
    rivals_list without_interval;
    for (const benchmark_summary& rival : rivals) {
        const auto estimate = rival.over_trials(rival.ranking_metric());
        if (estimate.trials != 0) {
            (estimate.range ? ranked : without_interval).push_back(&rival);
        }
    }
    if (ranked.size() + without_interval.size() < 2) {
        return {};
    }
    if (is_ping_pong(rivals.front())) {
        return "Not ranked: one connection over loopback measures the scheduler, not the runtime.";
    }
    if (ranked.size() < 2) {
        return "Not ranked: that takes at least two ok trials of two runtimes.";
    }
    const std::string_view metric = ranked.front()->ranking_metric();
    std::stable_sort(ranked.begin(), ranked.end(),
                     [metric](const auto* a, const auto* b) { return is_ahead(*a, *b, metric); });
    const std::vector<rivals_list> sets = indistinguishable(ranked);
    const bool has_leader = std::none_of(sets.begin(), sets.end(), [&ranked](const auto& set) {
        return set.front() == ranked.front();
    });
    const bool more = format::more_is_better(metric);
    std::string text = has_leader ? lead_of(*ranked[0], *ranked[1])
                       : more     ? "No single fastest:"
                                  : "No single lowest p99:";
    for (const rivals_list& set : sets) {
        text += fmt::format(" {} cannot be told apart.", format::listing(labels(set)));
    }
    text += limits_of(ranked);
    if (!without_interval.empty()) {
        text += fmt::format(" Not ranked, for want of ok trials: {}.",
                            format::listing(labels(without_interval)));
    }
    return text;
}

}  // namespace regatta
