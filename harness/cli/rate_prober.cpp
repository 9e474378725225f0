#include "harness/cli/rate_prober.hpp"

#include <algorithm>
#include <cmath>

namespace regatta::cli {

using nlohmann::json;

rate_prober::rate_prober(const probe_settings& settings, const service_objective& objective,
                         const trial_settings& trials, record_writer& record)
    : settings_(settings),
      objective_(objective),
      trial_settings_(trials),
      record_(record),
      line_(0, !settings.is_quiet) {}

json rate_prober::probe(benchmark arm, std::uint64_t round, std::size_t left) {
    line_.expect(trials_ + left);
    line_.show(trials_, arm.name());
    arm.values.rounds_per_us = trial_settings_.rounds_per_us;
    trial_settings settings = trial_settings_;
    settings.seed += round;
    const double needed_s =
        arm.is_open_loop() ? objective_.samples_min() * samples_margin / arm.offered_per_s() : 0;
    settings.measure =
        std::chrono::nanoseconds(std::llround(std::max(settings_.measure_s, needed_s) * 1e9));
    json trial = run_trial(arm, settings).record;
    trial["trial"] = trials_++;
    trial["round"] = round;
    trial["attempt"] = 0;
    ++counts_[trial.at("status").get<std::string>()];
    record_.append("trial", trial);
    return trial;
}

bool rate_prober::has_time() const {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin_;
    return !settings_.budget_s || elapsed.count() < *settings_.budget_s;
}

void rate_prober::say(const std::string& line) const {
    line_.clear();
    if (!settings_.is_quiet) {
        fmt::print(stderr, "{}\n", line);
    }
}

json rate_prober::end(bool is_cut_short) {
    return {{"finished_at", time_now()},   {"trials", trials_},
            {"ok", counts_["ok"]},         {"invalid", counts_["invalid"]},
            {"failed", counts_["failed"]}, {"interrupted", is_cut_short}};
}

}  // namespace regatta::cli
