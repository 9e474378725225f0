#pragma once

#include <functional>
#include <optional>
#include <random>
#include <vector>

#include "harness/gate/contest.hpp"
#include "harness/gate/quiet_cpu.hpp"
#include "harness/server/trial.hpp"

namespace regatta::gate {

struct campaign_settings {
    std::uint64_t seed = 0;
    /// No pair begins later than this after the first; nothing: no limit.
    std::optional<double> budget_s;
    trial_settings trials;
};

/// What is told while the pairs run.
struct campaign_observer {
    /// Before the first pair: the share of the quietest CPU's time that other programs use.
    std::function<void(double foreign_share)> machine_seen;
    /// A trial has ended: its record, with `round`, `attempt` and `side`. Its verdict counts once
    /// this returns.
    std::function<void(nlohmann::json record)> trial_ended;
    /// A pair of `on` begins; of all contests so many pairs were run, and about so many are left.
    std::function<void(const contest& on, std::size_t pairs_run, std::size_t pairs_left)>
        pair_begins;
    std::function<void(const contest& on)> contest_over;
};

enum class campaign_end { complete, budget, interrupted };

/// Runs rounds until every contest is over: in each, every contest that is not has one pair of
/// trials back to back, base and head in random order, so that for equal programs the sign of their
/// difference is a fair coin under any drift of the machine. Both trials of a pair have the same
/// CPU (the quieter one, in same-core placement) and the same arrivals; each has an environment of
/// random size, which moves the program's stack (Mytkowicz, Diwan, Hauswirth and Sweeney 2009). All
/// of it follows from the seed, but for the CPU. Throws what the observer throws.
campaign_end run_campaign(std::vector<contest>& contests, const rule& levels,
                          const campaign_settings& settings, const campaign_observer& observer);

/// About how many pairs it takes to the next look of the cell that waits longest.
std::size_t pairs_left(const contest& on);

}  // namespace regatta::gate
