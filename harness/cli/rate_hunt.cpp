#include "harness/cli/rate_hunt.hpp"

#include <fmt/format.h>

#include "harness/measure/metrics.hpp"
#include "harness/record/format.hpp"
#include "harness/record/markdown.hpp"

namespace regatta::cli {
namespace {

using nlohmann::json;
using stats::probe_outcome;
using stats::search_phase;

std::string rate_text(std::int64_t rate_per_s) {
    return format::number(static_cast<double>(rate_per_s), 0);
}

std::string latency_text(const censored_percentile& latency) {
    const auto& known = latency.above_ns ? latency.above_ns : latency.ns;
    const std::string text = format::quantity(
        known ? std::optional(static_cast<double>(*known)) : std::nullopt, "latency_ns");
    return latency.above_ns ? ">" + text : text;
}

}  // namespace

probe_outcome outcome_of(const service_objective& objective, const json& trial) {
    if (trial.at("status") != "ok") {
        return probe_outcome::invalid;
    }
    const censored_percentile found = percentile_of_trial(objective, trial);
    if (!found.ns && !found.above_ns) {
        return probe_outcome::invalid;
    }
    const bool is_met = found.ns && *found.ns <= objective.bound_ns;
    return is_met && !trial.at("open_loop").at("is_saturated").get<bool>() ? probe_outcome::met
                                                                           : probe_outcome::missed;
}

rate_hunt::rate_hunt(benchmark arm, service_objective objective,
                     const stats::rate_search_settings& settings)
    : arm_(std::move(arm)),
      name_(arm_.name()),
      objective_(std::move(objective)),
      search_(settings),
      settings_(settings) {}

rate_hunt::rate_hunt(benchmark arm, service_objective objective, std::string obstacle)
    : rate_hunt(std::move(arm), std::move(objective), stats::rate_search_settings{}) {
    obstacle_ = std::move(obstacle);
}

std::optional<benchmark> rate_hunt::next() const {
    const auto probe = obstacle_.empty() ? search_.next() : std::nullopt;
    if (!probe) {
        return std::nullopt;
    }
    benchmark arm = arm_;
    arm.rate_per_s = probe->rate_per_s;
    return arm;
}

void rate_hunt::observe(const json& record, std::size_t trial) {
    const probe_outcome outcome = outcome_of(objective_, record);
    const censored_percentile latency = record.at("status") == "ok"
                                            ? percentile_of_trial(objective_, record)
                                            : censored_percentile{};
    if (!record.at("reasons").empty()) {
        last_reason_ = record.at("reasons").front().get<std::string>();
    } else if (outcome == probe_outcome::invalid) {
        last_reason_ = fmt::format("too few requests for {}", objective_.percentile);
    }
    path_.push_back({*search_.next(), outcome, trial, latency});
    search_.observe(outcome);
}

void rate_hunt::give_up(std::string why) {
    if (next()) {
        obstacle_ = std::move(why);
        if (const auto met = search_.highest_met()) {
            obstacle_ += fmt::format("; {}/s met the bound, unconfirmed", rate_text(*met));
        }
        obstacle_ += '.';
    }
}

std::string rate_hunt::last_line() const {
    const probe_step& last = path_.back();
    if (last.outcome == probe_outcome::invalid) {
        return fmt::format("{}/s: invalid ({})", rate_text(last.probe.rate_per_s), last_reason_);
    }
    return fmt::format("{}/s: {} {} us: {}", rate_text(last.probe.rate_per_s),
                       objective_.percentile, latency_text(last.latency), name_of(last.outcome));
}

stats::estimate rate_hunt::confirmed_latency() const {
    std::vector<double> values;
    for (const probe_step& each : path_) {
        if (each.probe.phase == search_phase::confirmation && each.latency.ns &&
            each.probe.rate_per_s == search_.answer().rate_per_s) {
            values.push_back(static_cast<double>(*each.latency.ns));
        }
    }
    return stats::summarise(values);
}

std::string rate_hunt::sentence() const {
    const stats::rate_answer& answer = search_.answer();
    const std::string bound =
        fmt::format("{} at most {} us", objective_.percentile,
                    format::quantity(static_cast<double>(objective_.bound_ns), "latency_ns"));
    if (!obstacle_.empty()) {
        return "No answer: " + obstacle_;
    }
    if (!answer.rate_per_s) {
        if (answer.is_missed_invalid && path_.back().outcome == probe_outcome::invalid) {
            return fmt::format("No answer: no valid trial at {}/s: {}.",
                               rate_text(path_.back().probe.rate_per_s), last_reason_);
        }
        const std::int64_t lowest = path_.back().probe.rate_per_s;
        return fmt::format(
            "No answer: {} was not confirmed at any rate from {}/s on{}.", bound, rate_text(lowest),
            lowest > 1 && lowest == settings_.rate_min_per_s
                ? fmt::format("; lower ones have too few requests for {}: give a higher --longest",
                              objective_.percentile)
                : "");
    }
    const stats::estimate latency = confirmed_latency();
    std::string text =
        fmt::format("Highest rate with {}: {}/s, confirmed {} of {}; {} there: {} us", bound,
                    rate_text(*answer.rate_per_s), settings_.confirmations, settings_.confirmations,
                    objective_.percentile, format::quantity(latency.median, "latency_ns"));
    if (latency.range) {
        text += fmt::format(" (95 % interval over trials {} us)",
                            format::range(latency.range, *latency.median, "latency_ns"));
    }
    if (answer.missed_per_s) {
        text += fmt::format(". {}/s {}, so the end lies between", rate_text(*answer.missed_per_s),
                            answer.is_missed_invalid
                                ? "gave no valid trial (the server may be able to do more)"
                                : "missed");
    } else if (answer.is_rate_max) {
        text += ". No higher rate was allowed";
    }
    return text + ".";
}

std::string rate_hunt::report() const {
    using enum markdown_table::align;
    regatta::markdown_table table({{"trial"},
                                   {"rate /s"},
                                   {"phase", left},
                                   {objective_.percentile + " us"},
                                   {"outcome", left}});
    for (const probe_step& each : path_) {
        table.add({std::to_string(each.trial), rate_text(each.probe.rate_per_s),
                   std::string(name_of(each.probe.phase)), latency_text(each.latency),
                   std::string(name_of(each.outcome))});
    }
    return fmt::format("### {} ({}={} us)\n\n{}{}\n", name_, objective_.percentile,
                       format::quantity(static_cast<double>(objective_.bound_ns), "latency_ns"),
                       path_.empty() ? "" : table.text() + "\n", sentence());
}

json rate_hunt::verdict() const {
    const stats::rate_answer& answer = search_.answer();
    const stats::estimate latency = confirmed_latency();
    json path = json::array();
    for (const probe_step& each : path_) {
        path.push_back({{"trial", each.trial},
                        {"rate_per_s", each.probe.rate_per_s},
                        {"phase", name_of(each.probe.phase)},
                        {"outcome", name_of(each.outcome)},
                        {"latency_ns", json_or_null(each.latency.ns)},
                        {"latency_ns_above", json_or_null(each.latency.above_ns)}});
    }
    return {{"kind", "search"},
            {"benchmark", name_},
            {"objective", {{"percentile", objective_.fraction}, {"bound_ns", objective_.bound_ns}}},
            {"rate_per_s", json_or_null(answer.rate_per_s)},
            {"missed_per_s", json_or_null(answer.missed_per_s)},
            {"is_missed_invalid", answer.is_missed_invalid},
            {"confirmations", settings_.confirmations},
            {"latency_ns", json_or_null(latency.median)},
            {"latency_ns_low", latency.range ? json(latency.range->low) : json()},
            {"latency_ns_high", latency.range ? json(latency.range->high) : json()},
            {"sentence", sentence()},
            {"path", std::move(path)}};
}

}  // namespace regatta::cli
