#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/cli/progress.hpp"
#include "harness/measure/slo.hpp"
#include "harness/record/record_writer.hpp"
#include "harness/server/trial.hpp"

namespace regatta::cli {

/// Requests of a probe beyond the percentile's need: the number of arrivals in a window is chance.
inline constexpr double samples_margin = 1.1;

/// How long a search measures, and whether it tells.
struct probe_settings {
    double measure_s;                ///< of a trial, at least
    std::optional<double> budget_s;  ///< no trial begins later
    bool is_quiet;
};

/// Runs the trials of a search one by one, each on record.
class rate_prober {
public:
    /// `objective` and `record` must live as long as this.
    rate_prober(const probe_settings& settings, const service_objective& objective,
                const trial_settings& trials, record_writer& record);

    /// One trial of `arm`, whose record it gives; its window is long enough for the percentile.
    /// Some `left` trials are still to come, this one included. Throws `interrupted`, and `failure`
    /// when the record cannot be written.
    nlohmann::json probe(benchmark arm, std::uint64_t round, std::size_t left);

    /// Whether there is time for another trial.
    bool has_time() const;

    /// Tells of a probe on standard error, unless quiet.
    void say(const std::string& line) const;
    /// Takes the progress line away.
    void clear_line() const { line_.clear(); }

    /// The fields of the `end` record (results/FORMAT.md).
    nlohmann::json end(bool is_cut_short);

private:
    probe_settings settings_;
    const service_objective& objective_;
    trial_settings trial_settings_;
    record_writer& record_;
    progress line_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    std::size_t trials_ = 0;
    std::map<std::string, std::size_t> counts_;  ///< by status
};

}  // namespace regatta::cli
