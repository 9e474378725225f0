#include "harness/cli/race.hpp"

#include <cmath>

#include "harness/plan/order.hpp"
#include "harness/record/unfinished_run.hpp"
#include "harness/server/interrupt.hpp"

namespace regatta::cli {

using nlohmann::json;

void scorekeeper::count_in(const json& trial, bool is_final) {
    ++counts_[trial.at("status").get<std::string>()];
    if (is_final) {
        const bool is_ok = trial.at("status") == "ok";
        int& in_a_row = failures_in_a_row_[trial.at("runtime").get<std::string>()];
        in_a_row = is_ok ? 0 : in_a_row + 1;
        all_are_valid_ = all_are_valid_ && is_ok;
    }
}

void scorekeeper::note(const json& trial, bool is_final) {
    // After so many failures of a runtime in a row there is nothing new to say.
    constexpr int told_in_a_row = 3;
    count_in(trial, is_final);
    const auto runtime = trial.at("runtime").get<std::string>();
    const int in_a_row = failures_in_a_row_[runtime];
    if (is_quiet_ || !is_final || trial.at("status") == "ok" || in_a_row > told_in_a_row) {
        return;
    }
    line_.clear();
    if (in_a_row == told_in_a_row) {
        fmt::print(stderr, "{} fails on; no more is said of it until it succeeds\n", runtime);
        return;
    }
    std::string reasons;
    for (const json& reason : trial.at("reasons")) {
        reasons += (reasons.empty() ? "" : "; ") + reason.get<std::string>();
    }
    fmt::print(stderr, "{}: {}: {}\n", trial.at("benchmark").get<std::string>(),
               trial.at("status").get<std::string>(), reasons);
}

int scorekeeper::count(const std::string& status) const {
    const auto found = counts_.find(status);
    return found == counts_.end() ? 0 : found->second;
}

race::race(std::size_t arms, const run_request& request, const trial_settings& settings,
           bool is_quiet, record_writer& record)
    : request_(request),
      settings_(settings),
      record_(record),
      line_(arms * static_cast<std::size_t>(request.rounds), !is_quiet),
      score_(line_, is_quiet) {}

void race::restore(const std::vector<json>& trials) {
    for (const json& trial : trials) {
        const bool is_final = !is_repeated(trial);
        state& now = states_[{trial.at("benchmark").get<std::string>(),
                              trial.at("round").get<std::uint64_t>()}];
        ++now.attempts;
        now.is_done = is_final;
        done_ += is_final ? 1 : 0;
        score_.count_in(trial, is_final);
        trials_.push_back(trial);
    }
    line_.skip(done_);
}

bool race::run(std::vector<benchmark>& arms) {
    for (benchmark& arm : arms) {
        arm.values.rounds_per_us = request_.rounds_per_us;
    }
    const auto rounds = static_cast<std::uint64_t>(request_.rounds);
    try {
        for (std::uint64_t round = 0; round < rounds; ++round) {
            settings_.seed = request_.seed + round;
            for (const std::size_t index : trial_order(arms.size(), request_.seed, round)) {
                const state before = states_[{arms[index].name(), round}];
                if (!before.is_done) {
                    line_.show(done_++, arms[index].name());
                    run_arm(arms[index], round, before.attempts);
                }
            }
        }
    } catch (const interrupted&) {
        line_.clear();
        return true;
    }
    line_.clear();
    return false;
}

/// One trial; again, a few times from `attempt` on, while the machine is too unsteady for it. All
/// are kept. A machine that was too busy for several benchmarks on end is not waited for: the
/// others get one attempt, until one of them is valid.
void race::run_arm(const benchmark& arm, std::uint64_t round, int attempt) {
    constexpr int attempts_max = 3;
    constexpr int busy_max = 3;
    trial_settings settings = settings_;
    if (arm.measure_s) {
        settings.measure = std::chrono::nanoseconds(std::llround(*arm.measure_s * 1e9));
    }
    for (;; ++attempt) {
        settings.ranks.label = fmt::format("trial-{}", trials_.size());
        trial_result trial = run_trial(arm, settings);
        trial.record["trial"] = trials_.size();
        trial.record["round"] = round;
        trial.record["attempt"] = attempt;
        const bool is_busy_on = trial.is_machine_busy && busy_in_a_row_ >= busy_max;
        const bool is_final =
            !trial.is_worth_repeating || is_busy_on || attempt + 1 >= attempts_max;
        trial.record["is_repeated"] = !is_final;
        const bool is_busy = trial.is_machine_busy;
        record_.append("trial", trial.record);
        score_.note(trial.record, is_final);
        trials_.push_back(std::move(trial.record));
        if (is_final) {
            busy_in_a_row_ = is_busy ? busy_in_a_row_ + 1 : 0;
            return;
        }
    }
}

}  // namespace regatta::cli
