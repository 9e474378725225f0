#include "harness/stats/rate_search.hpp"

#include <algorithm>
#include <cmath>

namespace regatta::stats {

std::string_view name_of(probe_outcome outcome) {
    return outcome == probe_outcome::met      ? "met"
           : outcome == probe_outcome::missed ? "missed"
                                              : "invalid";
}

std::string_view name_of(search_phase phase) {
    return phase == search_phase::doubling    ? "doubling"
           : phase == search_phase::bisection ? "bisection"
                                              : "confirmation";
}

rate_search::rate_search(const rate_search_settings& settings)
    : settings_(settings),
      probe_{std::clamp(settings.start_per_s, settings.rate_min_per_s, settings.rate_max_per_s),
             search_phase::doubling} {}

std::optional<rate_probe> rate_search::next() const {
    return is_over_ ? std::nullopt : std::optional(probe_);
}

int rate_search::probes_left() const {
    constexpr int doublings_usual = 3;
    if (is_over_) {
        return 0;
    }
    if (probe_.phase == search_phase::confirmation) {
        return settings_.confirmations - confirmed_;
    }
    const bool is_bracketed = met_ && answer_.missed_per_s;
    const double gap =
        is_bracketed ? static_cast<double>(*answer_.missed_per_s) / static_cast<double>(*met_) : 2;
    // Each bisection halves the gap on the logarithm.
    const double halvings = std::log2(std::log(gap) / std::log1p(settings_.resolution));
    return (is_bracketed ? 0 : doublings_usual) +
           static_cast<int>(std::ceil(std::max(halvings, 0.0))) + settings_.confirmations;
}

void rate_search::observe(probe_outcome outcome) {
    if (outcome == probe_outcome::invalid && ++invalid_ < settings_.attempts) {
        return;
    }
    invalid_ = 0;
    if (outcome == probe_outcome::met) {
        met();
    } else {
        missed(outcome == probe_outcome::invalid);
    }
}

void rate_search::met() {
    if (probe_.phase == search_phase::confirmation) {
        if (++confirmed_ == settings_.confirmations) {
            answer_.rate_per_s = probe_.rate_per_s;
            answer_.is_rate_max = probe_.rate_per_s == settings_.rate_max_per_s;
            is_over_ = true;
        }
        return;
    }
    met_ = probe_.rate_per_s;
    if (answer_.missed_per_s || *met_ == settings_.rate_max_per_s) {
        confirm_or_bisect();
    } else {
        probe_.rate_per_s = std::min(2 * *met_, settings_.rate_max_per_s);
    }
}

void rate_search::missed(bool is_invalid) {
    // Every rate tried is below the lowest that missed before.
    answer_.missed_per_s = probe_.rate_per_s;
    answer_.is_missed_invalid = is_invalid;
    if (probe_.phase == search_phase::confirmation) {
        step_down();
    } else if (met_) {
        confirm_or_bisect();
    } else if (is_invalid || probe_.rate_per_s == settings_.rate_min_per_s) {
        // What makes trials invalid here is no fault of the rate: a lower one would not help.
        is_over_ = true;
    } else {
        probe_.rate_per_s = std::max(probe_.rate_per_s / 2, settings_.rate_min_per_s);
    }
}

void rate_search::confirm_or_bisect() {
    const auto low = static_cast<double>(*met_);
    const auto high = static_cast<double>(answer_.missed_per_s.value_or(*met_));
    const auto middle = static_cast<std::int64_t>(std::llround(std::sqrt(low * high)));
    const bool is_close = high <= low * (1 + settings_.resolution) || middle == *met_ ||
                          middle == answer_.missed_per_s;
    probe_ = is_close ? rate_probe{*met_, search_phase::confirmation}
                      : rate_probe{middle, search_phase::bisection};
}

void rate_search::step_down() {
    confirmed_ = 0;
    if (++steps_ > settings_.steps_down || probe_.rate_per_s == settings_.rate_min_per_s) {
        is_over_ = true;
        return;
    }
    const double factor = 1 + settings_.resolution * static_cast<double>(1 << (steps_ - 1));
    const auto lower = static_cast<std::int64_t>(static_cast<double>(probe_.rate_per_s) / factor);
    probe_.rate_per_s = std::max(std::min(lower, probe_.rate_per_s - 1), settings_.rate_min_per_s);
}

}  // namespace regatta::stats
