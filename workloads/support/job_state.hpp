#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <system_error>
#include <vector>

#include "runtimes/outcome.hpp"
#include "workloads/support/live_units.hpp"
#include "workloads/workload.hpp"

namespace regatta {

/// What one worker of a job counts in an iteration. On a cache line of its own.
struct alignas(64) job_part {
    live_units units;
    /// The answer grows here; the tasks of a worker may be threads.
    std::atomic<std::uint64_t> sum{0};
    /// A task's wait was cancelled: to create more would be in vain.
    std::atomic<bool> is_cancelled{false};

    void add(std::uint64_t value) { sum.fetch_add(value, std::memory_order_relaxed); }
    /// Ends a task whose wait gave `failed`.
    outcome give_up(io_error failed) {
        is_cancelled.store(true, std::memory_order_relaxed);
        return outcome{failed};
    }
};

/// Whether the workers share the work of one iteration; else each does all of it.
template <class Workload>
inline constexpr bool is_split = requires {
    requires Workload::is_split;
};

/// The state of a job whose answer is a number. `Workload::units(values)` are the units of work in
/// one answer.
template <class Workload>
class job_state {
public:
    job_state(const params& values, unsigned workers) : values_(values), parts_(workers) {}

    /// Called before each iteration, on one thread.
    void begin() {
        next_.store(0, std::memory_order_relaxed);
        for (job_part& each : parts_) {
            each.units.clear();
            each.sum.store(0, std::memory_order_relaxed);
            each.is_cancelled.store(false, std::memory_order_relaxed);
        }
    }
    job_part& of(shard which) { return parts_[which.index]; }
    /// The next piece of work that no worker has taken yet, counted from 0; for split jobs.
    std::uint64_t take_next() { return next_.fetch_add(1, std::memory_order_relaxed); }

    /// All tasks of a worker wait: the place to look at them. From any worker's thread.
    void rest() const {
        if (at_rest_) {
            at_rest_();
        }
    }
    /// Has rest() call `look`, which may block.
    void set_at_rest(std::function<void()> look) { at_rest_ = std::move(look); }

    /// The answer of the last iteration: of a split job the sum over the workers, else the one on
    /// which they agree.
    std::string answer() const {
        std::uint64_t total = 0;
        for (const job_part& each : parts_) {
            const std::uint64_t own = each.sum.load(std::memory_order_relaxed);
            if (is_split<Workload>) {
                total += own;
            } else if (&each == parts_.data()) {
                total = own;
            } else if (own != total) {
                return std::to_string(total) + " and " + std::to_string(own) + " of another worker";
            }
        }
        return std::to_string(total);
    }
    std::uint64_t units() const {
        return Workload::units(values_) * (is_split<Workload> ? 1 : parts_.size());
    }
    /// Tasks of the last iteration: in all, and most at once on each worker, summed.
    unit_count counted() const {
        unit_count all{0, 0};
        for (const job_part& each : parts_) {
            all.created += each.units.created();
            all.live_peak += each.units.live_peak();
        }
        return all;
    }

private:
    const params& values_;
    std::vector<job_part> parts_;
    std::atomic<std::uint64_t> next_{0};
    std::function<void()> at_rest_;
};

/// Ends the job where a verb failed: throws std::system_error.
inline void require_success(io_error failed, const char* doing) {
    if (failed) {
        throw std::system_error(failed.value(), std::generic_category(), doing);
    }
}

/// The sum of the whole numbers below `count`: the answer where each task adds its own index.
constexpr std::uint64_t sum_below(std::uint64_t count) {
    return count == 0 ? 0 : count * (count - 1) / 2;
}

}  // namespace regatta
