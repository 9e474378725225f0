#pragma once

#include <atomic>
#include <barrier>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>

#include "harness/load/lane.hpp"

namespace regatta::load {

/// What the threads of a load agree on: when each stage begins, when the window ends, and that one
/// of them has failed.
class crew {
public:
    explicit crew(unsigned threads)
        : loading_(threads), together_(static_cast<std::ptrdiff_t>(threads)) {}

    /// Waits until every thread has come here; all of them go through the same stages.
    void meet() { together_.arrive_and_wait(); }

    /// Runs `work` unless the load is over already; what it throws ends the load for all.
    template <class Work>
    void attempt(Work&& work) {
        if (is_over_) {
            return;
        }
        try {
            work();
        } catch (...) {
            fail(std::current_exception());
        }
    }

    /// Set when a thread has failed or a stage gave the load up: nobody goes on.
    const std::atomic<bool>& is_over() const { return is_over_; }
    void give_up() { is_over_ = true; }
    void rethrow_failure() const {
        if (failure_) {
            std::rethrow_exception(failure_);
        }
    }

    /// Loads `own` until `deadline_ns`. A lane without a connection waits for the others; when none
    /// has one, all return early.
    void load_until(lane& own, std::uint64_t deadline_ns);
    /// Where the window ends: at `planned_ns`, or when the last connection was lost.
    std::uint64_t end_ns(std::uint64_t planned_ns);

private:
    void fail(std::exception_ptr why);

    std::mutex mutex_;
    std::condition_variable changed_;
    unsigned loading_;  // lanes that have connections
    std::optional<std::uint64_t> end_ns_;
    std::exception_ptr failure_;
    std::atomic<bool> is_over_{false};
    std::barrier<> together_;
};

}  // namespace regatta::load
