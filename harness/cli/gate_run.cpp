#include "harness/cli/gate_run.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "harness/cli/progress.hpp"
#include "harness/cli/results_file.hpp"
#include "harness/record/record_writer.hpp"
#include "harness/record/run_record.hpp"

namespace regatta::cli {
namespace {

using gate::contest;
using nlohmann::json;

// Short: with so little, 20 benchmarks fit into minutes; and as steady as longer ones, per second.
constexpr double default_measure_s = 0.25;
constexpr double default_warmup_s = 0.1;

std::chrono::nanoseconds nanoseconds(double seconds) {
    return std::chrono::nanoseconds(std::llround(seconds * 1e9));
}

selection_request wanted_of(const gate_request& request) {
    return {request.what, request.filter, overrides_of(request.all)};
}

struct two_selections {
    selection base;
    selection head;
};

/// What both builds are asked for. Where only one has any of it, the other's is empty.
two_selections select_both(const gate_request& request, const gate::side& base,
                           const gate::side& head) {
    const selection_request wanted = wanted_of(request);
    two_selections chosen;
    std::optional<failure> of_base;
    try {
        chosen.base = select(wanted, base.runtimes);
    } catch (const failure& none) {
        of_base = none;
    }
    try {
        chosen.head = select(wanted, head.runtimes);
    } catch (const failure&) {
        if (of_base) {
            throw;  // wrong on both: so it was asked wrongly
        }
        chosen.head = chosen.base;
        chosen.head.benchmarks.clear();
    }
    return chosen;
}

void inject(std::vector<contest>& contests, const std::string& injection) {
    for (contest& each : contests) {
        if (injection.empty()) {
            continue;
        }
        if (!has_parameter(each.head, injection_parameter)) {
            throw usage_failure(fmt::format(
                "{}: its program takes no --inject; leave it out by the filter", each.name()));
        }
        if (const auto refusal = assign(each.head, injection_parameter, injection)) {
            throw usage_failure(*refusal);
        }
    }
}

json side_record(const gate::side& about) {
    return {{"folder", about.folder.string()},
            {"reference", about.reference},
            {"commit", about.commit}};
}

json gate_run_record(const std::string& run_id, const run_request& asked,
                     const gate_request& request, const gate::side& base, const gate::side& head,
                     const std::vector<contest>& contests) {
    std::vector<benchmark> arms;
    json names = json::array();
    std::vector<const runtime_entry*> of_base;
    for (const contest& each : contests) {
        arms.push_back(each.base);
        names.push_back(each.name());
        if (std::find(of_base.begin(), of_base.end(), each.base.runtime) == of_base.end()) {
            of_base.push_back(each.base.runtime);
        }
    }
    for (const contest& each : contests) {
        arms.push_back(each.head);
    }
    json record = run_record(run_id, asked, arms);
    record["benchmarks"] = names;
    for (std::size_t i = 0; i < record["runtimes"].size(); ++i) {
        record["runtimes"][i]["side"] = i < of_base.size() ? "base" : "head";
    }
    json metrics = json::array();
    for (const gate::metric& each : request.metrics) {
        metrics.push_back({{"metric", each.field}, {"tolerance", each.tolerance}});
    }
    record["gate"] = {{"base", side_record(base)},
                      {"head", side_record(head)},
                      {"metrics", metrics},
                      {"budget_s", request.budget_s ? json(*request.budget_s) : json()},
                      {"inject", request.injection.empty() ? json() : json(request.injection)}};
    return record;
}

/// "9 pairs; cpu OK, p50 -0.3 %": what is known of a contest so far.
std::string standing(const contest& on) {
    std::string text = fmt::format("{} pairs", on.pairs);
    for (const gate::cell& each : on.cells) {
        text +=
            fmt::format("{} {} ", text.find(';') == std::string::npos ? ";" : ",", each.what.word);
        text += each.found.is_final         ? std::string(name_of(each.found.found))
                : gate::is_absent(on, each) ? "-"
                : each.found.pairs > 0      ? fmt::format("{:+.1f} %", (each.found.ratio - 1) * 100)
                                            : "...";
    }
    return text;
}

/// Tells a person how it goes, and keeps the trials.
class chronicler {
public:
    chronicler(const gate_request& request, record_writer& record)
        : is_quiet_(request.is_quiet), record_(record), line_(0, !request.is_quiet) {}

    gate::campaign_observer observer() {
        return {[this](double foreign_share) {
                    if (foreign_share > gate::foreign_share_max) {
                        note(fmt::format(
                            "other programs use {:.0f} % of the quietest CPU; what they "
                            "disturb is measured again, as the budget allows",
                            100 * foreign_share));
                    }
                },
                [this](json trial) { keep(std::move(trial)); },
                [this](const contest& on, std::size_t run, std::size_t left) {
                    line_.expect(run + left);
                    line_.show(run, fmt::format("{}: {}", on.name(), standing(on)));
                },
                [this](const contest& on) {
                    if (!is_quiet_) {
                        line_.clear();
                        fmt::print(stderr, "{}: {}\n", on.name(),
                                   on.error.empty() ? standing(on) : on.error);
                    }
                }};
    }

    void note(const std::string& text) const {
        if (!is_quiet_) {
            line_.clear();
            fmt::print(stderr, "note: {}\n", text);
        }
    }

    void clear() const { line_.clear(); }
    const std::vector<json>& trials() const { return trials_; }
    std::size_t count(const std::string& status) const {
        return static_cast<std::size_t>(
            std::count_if(trials_.begin(), trials_.end(),
                          [&](const json& each) { return each.at("status") == status; }));
    }

private:
    void keep(json trial) {
        trial["trial"] = trials_.size();
        record_.append("trial", trial);
        trials_.push_back(std::move(trial));
    }

    bool is_quiet_;
    record_writer& record_;
    progress line_;
    std::vector<json> trials_;
};

trial_settings settings_of(const gate_request& request, const selection& chosen,
                           const std::vector<contest>& contests) {
    const bool needs_generator =
        std::any_of(contests.begin(), contests.end(),
                    [](const contest& each) { return each.head.is_server(); });
    trial_settings settings = prepare_trials(request.all, needs_generator);
    settings.placement = request.placement
                             ? parse_placement(*request.placement).value()
                             : chosen.timing.placement.value_or(placement_mode::same_core);
    // The times of a suite that was not made for the gate are longer than it needs.
    const bool is_named = chosen.suite_name.has_value();
    settings.warmup = nanoseconds(request.warmup_s.value_or(
        is_named ? chosen.timing.warmup_s.value_or(default_warmup_s) : default_warmup_s));
    settings.measure = nanoseconds(request.measure_s.value_or(
        is_named ? chosen.timing.measure_s.value_or(default_measure_s) : default_measure_s));
    if (!is_named && !request.placement) {
        settings.placement = placement_mode::same_core;
    }
    return settings;
}

std::size_t cells_measured(const gate::draw& made) {
    std::size_t cells = 0;
    for (const contest& each : made.contests) {
        cells += each.is_identical ? 0 : each.cells.size();
    }
    return cells;
}

void finish_arms(const gate_request& request, const trial_settings& settings, bool is_named,
                 std::vector<contest>& contests) {
    for (contest& each : contests) {
        for (benchmark* arm : {&each.base, &each.head}) {
            arm->values.rounds_per_us = settings.rounds_per_us;
            if (request.measure_s || !is_named) {
                arm->measure_s.reset();
            }
            if (arm->load_percent != 0) {
                throw usage_failure(
                    fmt::format("{}: its load depends on a measurement of its own; give rate_per_s",
                                arm->name()));
            }
        }
    }
}

}  // namespace

std::vector<std::string> runtimes_wanted(const gate_request& request, const gate::side& head) {
    std::vector<std::string> names;
    for (const benchmark& each : select(wanted_of(request), head.runtimes).benchmarks) {
        if (std::find(names.begin(), names.end(), each.runtime->name) == names.end()) {
            names.push_back(each.runtime->name);
        }
    }
    return names;
}

gate_result run_gate(const gate_request& request, const gate::side& base, const gate::side& head,
                     const std::vector<std::string>& argv) {
    const two_selections chosen = select_both(request, base, head);
    gate::draw made = pair_up(chosen.base.benchmarks, chosen.head.benchmarks, request.metrics,
                              !request.measures_identical && request.injection.empty());
    inject(made.contests, request.injection);
    gate::campaign_settings settings{request.seed, request.budget_s,
                                     settings_of(request, chosen.head, made.contests)};
    finish_arms(request, settings.trials, chosen.head.suite_name.has_value(), made.contests);
    const run_request asked{argv,
                            chosen.head.suite_name ? json(*chosen.head.suite_name) : json(),
                            request.filter       ? json(*request.filter)
                            : chosen.head.filter ? json(*chosen.head.filter)
                                                 : json(),
                            request.seed,
                            static_cast<std::int64_t>(gate::looks.back()),
                            settings.trials.placement,
                            settings.trials.rounds_per_us};
    const std::string run_id = make_run_id(request.seed);
    gate_result result{{}, results_file(request.out.string(), run_id)};
    record_writer record(result.file, request.is_forced);
    result.told.run = gate_run_record(run_id, asked, request, base, head, made.contests);
    record.append("run", result.told.run);
    chronicler tale(request, record);
    for (const std::string& each : chosen.head.notes) {
        tale.note(each);
    }
    const gate::rule levels(cells_measured(made));
    const auto begin = std::chrono::steady_clock::now();
    gate::summary_facts facts;
    facts.end = run_campaign(made.contests, levels, settings, tale.observer());
    tale.clear();
    facts.elapsed_s =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    facts.fails_when_inconclusive = request.fails_when_inconclusive;
    facts.budget_s = request.budget_s ? json(*request.budget_s) : json();
    result.told.cells = cell_records(made.contests, facts.end);
    result.told.summary = summary_record(made, levels, result.told.cells, facts);
    result.told.trials = tale.trials();
    for (const json& each : result.told.cells) {
        record.append("verdict", each);
    }
    record.append("verdict", result.told.summary);
    record.append("end", {{"finished_at", time_now()},
                          {"trials", tale.trials().size()},
                          {"ok", tale.count("ok")},
                          {"invalid", tale.count("invalid")},
                          {"failed", tale.count("failed")},
                          {"interrupted", facts.end != gate::campaign_end::complete}});
    return result;
}

}  // namespace regatta::cli
