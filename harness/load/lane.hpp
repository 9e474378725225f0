#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "harness/load/connection_share.hpp"
#include "harness/load/driver.hpp"
#include "harness/load/engine.hpp"
#include "harness/load/plan.hpp"
#include "harness/load/recorder.hpp"

namespace regatta::load {

/// One thread's part of a load: its connections on an engine of its own, its part of the schedule,
/// its recorder. Made, used and destroyed on that thread.
class lane {
public:
    /// `sockets` are those of `share`, in its order; they and `sources` must outlive
    /// the lane.
    lane(const load_plan& plan, const client_protocol& protocol, std::span<const int> sockets,
         const connection_share& share, const source_addresses& sources, interval_series& series);

    /// The load begins at `begin_ns`, and its window after the warm-up.
    void begin(std::uint64_t begin_ns);
    /// Loads until `deadline_ns`; returns early when no connection is left, or `is_over` is set.
    void load_until(std::uint64_t deadline_ns, const std::atomic<bool>& is_over);
    /// No more requests than are due before `end_ns`, where the window ends; waits until they are
    /// answered, for the plan's drain at most, and gives up the others.
    void drain(std::uint64_t end_ns, const std::atomic<bool>& is_over);

    bool has_connections() const { return driver_->open_connections() != 0; }
    /// Adds what was seen to what other lanes saw; after drain().
    void add_to(load_result& result) const;

private:
    const load_plan& plan_;
    recorder recorder_;
    reconnector sockets_;
    // The kernel may read the driver's buffers until the engine is gone: it is destroyed first.
    std::unique_ptr<driver> driver_;
    chosen_engine engine_;
    std::uint64_t unanswered_ = 0;
};

}  // namespace regatta::load
