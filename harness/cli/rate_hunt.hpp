#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "harness/measure/slo.hpp"
#include "harness/plan/benchmark.hpp"
#include "harness/stats/interval.hpp"
#include "harness/stats/rate_search.hpp"

namespace regatta::cli {

/// One probe that was made.
struct probe_step {
    stats::rate_probe probe;
    stats::probe_outcome outcome;
    std::size_t trial;  ///< its number in the record
    censored_percentile latency;
};

/// The search for the highest rate of one benchmark, with the path it took.
class rate_hunt {
public:
    /// `arm` is a closed loop: the search gives it rates.
    rate_hunt(benchmark arm, service_objective objective,
              const stats::rate_search_settings& settings);
    /// A search that cannot begin, and why.
    rate_hunt(benchmark arm, service_objective objective, std::string obstacle);

    /// The benchmark to try next; nothing when the search is over.
    std::optional<benchmark> next() const;
    /// Takes the record of that trial, number `trial`.
    void observe(const nlohmann::json& record, std::size_t trial);
    /// Ends the search before its answer: "interrupted", "the budget of 60 s is used up".
    void give_up(std::string why);
    /// An estimate of the probes to come.
    int probes_left() const { return obstacle_.empty() ? search_.probes_left() : 0; }

    /// "4,000/s: p99 812 us: met", of the last probe.
    std::string last_line() const;
    /// The path as a Markdown table and the answer in a sentence.
    std::string report() const;
    /// The `verdict` record (results/FORMAT.md).
    nlohmann::json verdict() const;
    bool has_answer() const { return search_.answer().rate_per_s.has_value(); }
    const std::string& name() const { return name_; }

private:
    std::string sentence() const;
    /// The percentile over the trials that confirmed the answer.
    stats::estimate confirmed_latency() const;

    benchmark arm_;
    std::string name_;
    service_objective objective_;
    stats::rate_search search_;
    stats::rate_search_settings settings_;
    std::string obstacle_;
    std::vector<probe_step> path_;
    std::string last_reason_;  ///< why the last trial that was not ok was not
};

/// What a trial says of the objective: invalid or failed ones say nothing, saturated ones miss it.
stats::probe_outcome outcome_of(const service_objective& objective, const nlohmann::json& trial);

}  // namespace regatta::cli
