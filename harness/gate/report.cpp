#include "harness/gate/report.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "harness/measure/metrics.hpp"
#include "harness/record/record_reader.hpp"
#include "harness/stats/interval.hpp"

namespace regatta::gate {
namespace {

using nlohmann::json;

std::string percent(double ratio) {
    return fmt::format("{:+.1f}", (ratio - 1) * 100);
}

std::string why_inconclusive(const contest& on, const cell& each, campaign_end end) {
    if (!on.error.empty()) {
        return on.error;
    }
    if (each.found.pairs == looks.back()) {
        return fmt::format("{} pairs cannot tell", looks.back());
    }
    if (!on.is_over) {
        return end == campaign_end::budget ? "the budget was used up" : "interrupted";
    }
    if (on.pairs_valid == 0) {
        return "no pair of trials was valid";
    }
    if (!each.what.is_robust && on.pairs_clean < on.pairs_valid) {
        return fmt::format("other programs disturbed {} of {} pairs",
                           on.pairs_valid - on.pairs_clean, on.pairs_valid);
    }
    // The figure is wanting on one side alone, or in some trials: such pairs are not counted.
    if (const int without = std::max(each.base_without, each.head_without); without != 0) {
        return fmt::format("{} of {} trials of the {} have no such figure", without, on.pairs_valid,
                           each.base_without > each.head_without ? "base" : "head");
    }
    return fmt::format("only {} of {} pairs were valid", on.pairs_valid, on.pairs);
}

std::string sentence_of(const contest& on, const cell& each, campaign_end end) {
    const assessment& found = each.found;
    const std::string size =
        found.pairs == 0
            ? ""
            : fmt::format("{} % worse ({} to {}), {} pairs", percent(found.ratio),
                          percent(found.ratio_low), percent(found.ratio_high), found.pairs);
    switch (found.found) {
        case verdict::identical:
            return "the two programs are the same file";
        case verdict::inconclusive: {
            const std::string why = why_inconclusive(on, each, end);
            return size.empty() ? why : size + "; " + why;
        }
        default:
            return size;
    }
}

json cell_record(const contest& on, const cell& each, campaign_end end) {
    const assessment& found = each.found;
    const auto known = [&](double value) { return found.pairs == 0 ? json() : json(value); };
    return {{"kind", "gate"},
            {"benchmark", on.name()},
            {"workload", on.head.workload->name},
            {"runtime", on.head.runtime->name},
            {"metric", each.what.field},
            {"tolerance", each.what.tolerance},
            {"is_robust", each.what.is_robust},
            {"verdict", name_of(found.found)},
            {"pairs", found.pairs},
            {"pairs_run", on.pairs},
            {"pairs_valid", on.pairs_valid},
            {"pairs_clean", on.pairs_clean},
            {"base_median", json_or_null(stats::median(each.base_values))},
            {"head_median", json_or_null(stats::median(each.head_values))},
            {"worsening", known(found.ratio)},
            {"worsening_low", known(found.ratio_low)},
            {"worsening_high", known(found.ratio_high)},
            {"p_worse", json_or_null(found.p_slower)},
            {"p_better", json_or_null(found.p_faster)},
            {"sentence", sentence_of(on, each, end)}};
}

json errors_of(const draw& made) {
    json errors = json::array();
    for (const contest& each : made.contests) {
        if (!each.error.empty()) {
            errors.push_back({{"benchmark", each.name()},
                              {"is_head_alone", each.is_head_broken},
                              {"reason", each.error}});
        }
    }
    return errors;
}

/// Trials that failed here and there: a program that crashes now and then is not one that passes.
json lost_trials_of(const draw& made) {
    json lost = json::array();
    for (const contest& each : made.contests) {
        if (each.error.empty() && each.base_failures + each.head_failures != 0) {
            lost.push_back({{"benchmark", each.name()},
                            {"base", each.base_failures},
                            {"head", each.head_failures},
                            {"reason", each.failure_reason}});
        }
    }
    return lost;
}

json not_measured_of(const draw& made) {
    json absent = json::array();
    for (const contest& on : made.contests) {
        for (const cell& each : on.cells) {
            if (is_absent(on, each)) {
                absent.push_back({{"benchmark", on.name()}, {"metric", each.what.field}});
            }
        }
    }
    return absent;
}

std::string counted(std::size_t count, const char* what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::size_t count_of(const std::map<std::string, std::size_t>& counts, const char* verdict) {
    const auto found = counts.find(verdict);
    return found == counts.end() ? 0 : found->second;
}

/// One sentence for the whole run.
std::string summary_sentence(const std::map<std::string, std::size_t>& counts, std::size_t cells,
                             std::size_t broken) {
    const auto count = [&](const char* name) { return count_of(counts, name); };
    std::vector<std::string> parts;
    const auto add = [&](std::size_t many, const char* singular) {
        if (many != 0) {
            parts.push_back(counted(many, singular));
        }
    };
    add(count("REGRESSED"), "regression");
    add(broken, "benchmark that fails on the head alone");
    std::string text = parts.empty() ? "No regression" : parts[0];
    for (std::size_t i = 1; i < parts.size(); ++i) {
        text += ", " + parts[i];
    }
    text += fmt::format(" in {}: {} OK", counted(cells, "comparison"), count("OK"));
    for (const auto& [name, word] : {std::pair{"MINOR", "minor"},
                                     {"IMPROVED", "improved"},
                                     {"IDENTICAL", "identical"},
                                     {"INCONCLUSIVE", "inconclusive"}}) {
        if (count(name) != 0) {
            text += fmt::format(", {} {}", count(name), word);
        }
    }
    return text + ".";
}

const char* why_nothing(const draw& made, const std::vector<json>& cells) {
    return made.contests.empty() ? "no benchmark runs on both builds"
           : cells.empty()       ? "no trial has such figures"
                                 : "no benchmark came to enough valid pairs of trials";
}

}  // namespace

std::vector<json> cell_records(const std::vector<contest>& contests, campaign_end end) {
    std::vector<json> cells;
    for (const contest& on : contests) {
        for (const cell& each : on.cells) {
            if (!is_absent(on, each)) {
                cells.push_back(cell_record(on, each, end));
            }
        }
    }
    return cells;
}

json summary_record(const draw& made, const rule& levels, const std::vector<json>& cells,
                    const summary_facts& facts) {
    std::map<std::string, std::size_t> counts;
    bool is_compared = false;
    for (const json& each : cells) {
        ++counts[each.at("verdict").get<std::string>()];
        is_compared = is_compared || each.at("pairs") != 0 || each.at("verdict") == "IDENTICAL";
    }
    const auto broken = static_cast<std::size_t>(
        std::count_if(made.contests.begin(), made.contests.end(),
                      [](const contest& each) { return each.is_head_broken; }));
    std::string verdict = "OK";
    int status = 0;
    std::string sentence = summary_sentence(counts, cells.size(), broken);
    if (count_of(counts, "REGRESSED") != 0 || broken != 0) {
        verdict = count_of(counts, "REGRESSED") != 0 ? "REGRESSED" : "FAILED";
        status = 1;
    } else if (!is_compared) {
        verdict = "NOTHING";
        status = 4;
        sentence = fmt::format("Nothing was compared: {}.", why_nothing(made, cells));
    } else if (count_of(counts, "INCONCLUSIVE") != 0) {
        verdict = "INCONCLUSIVE";
        status = facts.fails_when_inconclusive ? 3 : 0;
    }
    json ok_levels = json::array();
    json strict_levels = json::array();
    for (std::size_t look = 0; look < looks.size(); ++look) {
        ok_levels.push_back(levels.ok_level(look));
        strict_levels.push_back(json_or_null(levels.strict_level(look)));
    }
    return {{"kind", "gate_summary"},
            {"verdict", verdict},
            {"exit_status", status},
            {"sentence", sentence},
            {"counts", counts},
            {"cells", cells.size()},
            {"only_base", made.only_base},
            {"only_head", made.only_head},
            {"errors", errors_of(made)},
            {"lost_trials", lost_trials_of(made)},
            {"not_measured", not_measured_of(made)},
            {"looks", looks},
            {"ok_levels", ok_levels},
            {"strict_levels", strict_levels},
            {"budget_s", facts.budget_s},
            {"is_budget_used_up", facts.end == campaign_end::budget},
            {"interrupted", facts.end == campaign_end::interrupted},
            {"elapsed_s", facts.elapsed_s}};
}

report read_report(const std::filesystem::path& file) {
    record_file all = read_record_file(file);
    report read{std::move(all.run), std::move(all.trials), {}, nullptr};
    for (json& each : all.others) {
        const json kind =
            each.value("record", "") == "verdict" ? each.value("kind", json()) : json();
        if (kind == "gate") {
            read.cells.push_back(std::move(each));
        } else if (kind == "gate_summary") {
            read.summary = std::move(each);
        }
    }
    if (read.summary.is_null()) {
        throw failure(
            fmt::format("{} has no verdict of a gate: it is of another verb, or was cut "
                        "short",
                        file.string()));
    }
    return read;
}

}  // namespace regatta::gate
