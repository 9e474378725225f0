#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/cli/progress.hpp"
#include "harness/record/record_writer.hpp"
#include "harness/record/run_record.hpp"
#include "harness/server/trial.hpp"

namespace regatta::cli {

/// Counts trials and tells on standard error of those that have no figures: a runtime that fails
/// again and again does so in a few words.
class scorekeeper {
public:
    scorekeeper(const progress& line, bool is_quiet) : line_(line), is_quiet_(is_quiet) {}

    /// `is_final`: the trial is not repeated.
    void note(const nlohmann::json& trial, bool is_final);

    /// Counts a trial of which was told before.
    void count_in(const nlohmann::json& trial, bool is_final);

    /// Trials with this status: "ok", "invalid" or "failed".
    int count(const std::string& status) const;
    int total() const { return count("ok") + count("invalid") + count("failed"); }
    /// Whether every benchmark came to a valid trial in every round.
    bool all_are_valid() const { return all_are_valid_; }

private:
    const progress& line_;
    bool is_quiet_;
    std::map<std::string, int> counts_;
    std::map<std::string, int> failures_in_a_row_;  ///< by runtime
    bool all_are_valid_ = true;
};

/// The trials of one run: each round runs every benchmark once, in random order.
class race {
public:
    /// For `arms` benchmarks in all. `request` and `record` must live as long as this.
    race(std::size_t arms, const run_request& request, const trial_settings& settings,
         bool is_quiet, record_writer& record);

    /// Takes the trials of an earlier process as this one's: run() leaves out what they did.
    void restore(const std::vector<nlohmann::json>& trials);

    /// Runs all rounds of `arms`, each trial on record as it ends. Gives whether the user cut it
    /// short. Throws `failure` when the record cannot be written.
    bool run(std::vector<benchmark>& arms);

    const std::vector<nlohmann::json>& trials() const { return trials_; }
    const scorekeeper& score() const { return score_; }

private:
    void run_arm(const benchmark& arm, std::uint64_t round, int attempt);

    const run_request& request_;
    trial_settings settings_;
    record_writer& record_;
    progress line_;
    scorekeeper score_;
    std::vector<nlohmann::json> trials_;
    /// Of each benchmark and round that has begun: how many attempts, and whether it is done.
    struct state {
        int attempts = 0;
        bool is_done = false;
    };
    std::map<std::pair<std::string, std::uint64_t>, state> states_;
    std::size_t done_ = 0;  ///< trials, repetitions left out
    /// Benchmarks that came to no valid trial because of others' load, since one did.
    int busy_in_a_row_ = 0;
};

}  // namespace regatta::cli
