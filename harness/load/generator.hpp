#pragma once

#include <optional>

#include "harness/load/clock.hpp"
#include "harness/load/plan.hpp"
#include "harness/load/result.hpp"

namespace regatta::load {

/// Told how far a load is. connected() and measured() may take their time: nothing is sent
/// meanwhile, and the connections are open. When they return false the load is given up.
class load_stages {
public:
    load_stages() = default;
    load_stages(const load_stages&) = delete;
    load_stages& operator=(const load_stages&) = delete;
    virtual ~load_stages() = default;

    virtual bool connected(std::uint32_t) { return true; }
    /// When the load begins, on CLOCK_MONOTONIC; asked after connected(). A time in the past: at
    /// once, with what is due by then late.
    virtual std::uint64_t begin_ns() { return now_ns(); }
    /// The warm-up is over. Must be quick: the load goes on.
    virtual void measuring() {}
    /// The window is over and what was outstanding is answered or given up.
    virtual bool measured() { return true; }
};

/// Runs one load, from connecting to closing, on the calling thread and as many more as the plan
/// asks for (never more than there are connections). The stages are told on the calling thread.
/// Nothing when a stage gave it up. Connections that are lost and wrong replies are counted in the
/// result; throws failure when there can be none.
std::optional<load_result> run_load(const load_plan& plan, load_stages& stages);

}  // namespace regatta::load
