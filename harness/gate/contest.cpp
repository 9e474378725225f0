#include "harness/gate/contest.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace regatta::gate {
namespace {

using nlohmann::json;

/// A program that failed so often in a row, where it is not the machine, fails.
constexpr int failures_max = 3;
/// So many pairs in a row without figures: none will come.
constexpr int lost_max = 12;
/// After so many valid pairs it is known whether the machine is quiet enough for rates and tails.
constexpr int patience_pairs = static_cast<int>(looks[3]);
/// Pairs that are run for one contest at most: others may be invalid or disturbed.
constexpr int pairs_max = 2 * static_cast<int>(looks.back());

bool is_ok(const json& trial) {
    return trial.at("status") == "ok";
}

bool is_clean(const json& trial) {
    const auto share = [&](const char* field) {
        const auto found = trial.find(field);
        return found != trial.end() && found->is_number() ? found->get<double>() : 0;
    };
    return share("foreign_cpu_share") <= foreign_share_max &&
           share("steal_share") <= steal_share_max;
}

/// Counts the failures of one side; gives whether this was one.
bool note_failure(const json& trial, int& failures, int& in_a_row, std::string& reason) {
    if (trial.at("status") != "failed") {
        in_a_row = 0;
        return false;
    }
    ++failures;
    ++in_a_row;
    reason.clear();
    for (const json& each : trial.value("reasons", json::array())) {
        reason += (reason.empty() ? "" : "; ") + each.get<std::string>();
    }
    return true;
}

void end_with_error(contest& on) {
    const bool base_fails = on.base_failures_in_a_row >= failures_max;
    const bool head_fails = on.head_failures_in_a_row >= failures_max;
    if (!base_fails && !head_fails) {
        return;
    }
    on.is_over = true;
    on.is_head_broken = head_fails && on.base_failures_in_a_row == 0;
    on.error = fmt::format("{} fails: {}",
                           on.is_head_broken                ? "the head"
                           : on.head_failures_in_a_row == 0 ? "the base"
                                                            : "it",
                           on.failure_reason);
}

/// Whether waiting for `each` would keep the others waiting for nothing: most pairs are disturbed,
/// or most have no such figure.
bool is_hopeless(const contest& on, const cell& each) {
    if (!each.what.is_robust && on.pairs_valid >= patience_pairs &&
        2 * on.pairs_clean < on.pairs_valid) {
        return true;
    }
    const int could = each.what.is_robust ? on.pairs_valid : on.pairs_clean;
    const int have = static_cast<int>(each.differences.size());
    if (have == 0) {
        return could >= static_cast<int>(looks.front()) || is_absent(on, each);
    }
    return could >= patience_pairs && 2 * have < could;
}

void judge_cells(contest& on, const rule& levels, bool is_clean_pair, const json& base,
                 const json& head) {
    bool are_final = true;
    for (cell& each : on.cells) {
        const auto difference = log_worsening(base, head, each.what.field);
        each.base_without += value_of(base, each.what.field) ? 0 : 1;
        each.head_without += value_of(head, each.what.field) ? 0 : 1;
        if (difference && !each.found.is_final && (is_clean_pair || each.what.is_robust)) {
            each.differences.push_back(*difference);
            each.base_values.push_back(*value_of(base, each.what.field));
            each.head_values.push_back(*value_of(head, each.what.field));
            each.found = assess(levels, each.differences, each.what.tolerance);
        }
        are_final = are_final && (each.found.is_final || is_hopeless(on, each));
    }
    on.is_over = on.is_over || are_final;
}

const benchmark* find(const std::vector<benchmark>& all, const std::string& name) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const benchmark& each) { return each.name() == name; });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

draw pair_up(const std::vector<benchmark>& base, const std::vector<benchmark>& head,
             const std::vector<metric>& wanted, bool skips_identical) {
    draw made;
    for (const benchmark& each : head) {
        const benchmark* other = find(base, each.name());
        if (other == nullptr) {
            made.only_head.push_back(each.name());
            continue;
        }
        contest met{*other, each, {}};
        for (const metric& what : wanted) {
            met.cells.push_back({what});
        }
        met.is_identical = met.is_over =
            skips_identical && are_identical(*other->runtime, *each.runtime);
        if (met.is_identical) {
            for (cell& skipped : met.cells) {
                skipped.found.found = verdict::identical;
                skipped.found.is_final = true;
            }
        }
        made.contests.push_back(std::move(met));
    }
    for (const benchmark& each : base) {
        if (find(head, each.name()) == nullptr) {
            made.only_base.push_back(each.name());
        }
    }
    return made;
}

bool is_absent(const contest& on, const cell& each) {
    return !each.found.is_final && on.pairs_valid >= static_cast<int>(looks.front()) &&
           2 * each.base_without > on.pairs_valid && 2 * each.head_without > on.pairs_valid;
}

void take_pair(contest& on, const rule& levels, const json& base, const json& head) {
    ++on.pairs;
    const bool base_failed =
        note_failure(base, on.base_failures, on.base_failures_in_a_row, on.failure_reason);
    const bool head_failed =
        note_failure(head, on.head_failures, on.head_failures_in_a_row, on.failure_reason);
    if (base_failed || head_failed) {
        end_with_error(on);
    }
    if (is_ok(base) && is_ok(head)) {
        ++on.pairs_valid;
        on.pairs_lost_in_a_row = 0;
        const bool is_clean_pair = is_clean(base) && is_clean(head);
        on.pairs_clean += is_clean_pair ? 1 : 0;
        judge_cells(on, levels, is_clean_pair, base, head);
    } else if (++on.pairs_lost_in_a_row >= lost_max) {
        on.is_over = true;
    }
    on.is_over = on.is_over || on.pairs >= pairs_max;
}

}  // namespace regatta::gate
