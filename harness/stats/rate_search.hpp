#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace regatta::stats {

/// What a trial at one rate found.
enum class probe_outcome {
    met,      ///< the bound held, and the backlog did not grow
    missed,   ///< it did not
    invalid,  ///< the trial says nothing
};

enum class search_phase { doubling, bisection, confirmation };

/// "met", "missed", "invalid"; "doubling", "bisection", "confirmation".
std::string_view name_of(probe_outcome outcome);
std::string_view name_of(search_phase phase);

struct rate_search_settings {
    std::int64_t start_per_s = 1000;  ///< of the first probe
    std::int64_t rate_min_per_s = 1;  ///< lower rates are not tried
    std::int64_t rate_max_per_s = 100'000'000;
    double resolution = 0.02;  ///< bisection ends when the ends are this close, as a share
    int confirmations = 5;     ///< met in a row at the same rate: confirmed
    int attempts = 3;          ///< invalid so often in a row: the rate counts as missed, and the
                               ///< search is over where no rate was met before
    int steps_down = 6;        ///< unconfirmed so often: given up
};

struct rate_probe {
    std::int64_t rate_per_s;
    search_phase phase;
};

struct rate_answer {
    std::optional<std::int64_t> rate_per_s;    ///< confirmed, or nothing
    std::optional<std::int64_t> missed_per_s;  ///< the lowest rate that missed
    bool is_missed_invalid =
        false;                 ///< because its trials were invalid: the true end may be higher
    bool is_rate_max = false;  ///< the answer is the highest rate allowed
};

/// Finds the highest rate at which a bound holds: doubles (or halves) from the start until a rate
/// that meets it and one that misses it are known, bisects on the logarithm to the resolution, then
/// asks the rate found again until it was met `confirmations` times in a row. A miss on the way
/// takes it a step down, which doubles with each, and there it starts to count anew. Knows nothing
/// of servers: ask next(), try that rate, tell observe().
class rate_search {
public:
    explicit rate_search(const rate_search_settings& settings);

    /// What to try; nothing when the search is over.
    std::optional<rate_probe> next() const;
    /// What next() came to. Only while there is one.
    void observe(probe_outcome outcome);
    /// Once next() gives nothing.
    const rate_answer& answer() const { return answer_; }
    /// The highest rate that met the bound so far, confirmed or not; nothing when none did.
    std::optional<std::int64_t> highest_met() const { return met_; }
    /// How many probes are left, where all goes as is usual: an estimate for a progress line; 0
    /// once next() gives nothing.
    int probes_left() const;

private:
    void met();
    void missed(bool is_invalid);
    void confirm_or_bisect();
    void step_down();

    rate_search_settings settings_;
    rate_probe probe_;
    bool is_over_ = false;
    std::optional<std::int64_t> met_;  ///< the highest rate that met the bound
    int confirmed_ = 0;
    int invalid_ = 0;  ///< attempts in a row
    int steps_ = 0;
    rate_answer answer_;
};

}  // namespace regatta::stats
