#pragma once

#include <atomic>
#include <cstdint>

namespace regatta {

/// Counts tasks while they live, so that nobody claims a million and creates a thousand. For any
/// thread.
class live_units {
public:
    /// One unit, alive as long as this object: the first local of a task's body.
    class unit {
    public:
        explicit unit(live_units& of) : of_(of), number_(of.enter()) {}
        ~unit() { of_.counts_.fetch_sub(one_live, std::memory_order_relaxed); }
        unit(const unit&) = delete;
        unit& operator=(const unit&) = delete;
        /// Counted from 1 in the order in which the units of an iteration began; each once.
        std::uint64_t number() const { return number_; }

    private:
        live_units& of_;
        std::uint64_t number_;
    };

    /// Before an iteration; no unit lives.
    void clear() {
        counts_.store(0, std::memory_order_relaxed);
        peak_.store(0, std::memory_order_relaxed);
    }
    std::uint64_t created() const { return counts_.load(std::memory_order_relaxed) / one_created; }
    /// Most units that lived at once.
    std::uint64_t live_peak() const { return peak_.load(std::memory_order_relaxed); }

private:
    // Both in one word, so that a unit costs one locked addition: alive in the lower half.
    static constexpr std::uint64_t one_live = 1;
    static constexpr std::uint64_t one_created = std::uint64_t{1} << 32;

    std::uint64_t enter() {
        const std::uint64_t now =
            counts_.fetch_add(one_created + one_live, std::memory_order_relaxed) + one_created +
            one_live;
        const std::uint64_t live = now % one_created;
        std::uint64_t peak = peak_.load(std::memory_order_relaxed);
        while (live > peak && !peak_.compare_exchange_weak(peak, live, std::memory_order_relaxed)) {
        }
        return now / one_created;
    }

    std::atomic<std::uint64_t> counts_{0};
    std::atomic<std::uint64_t> peak_{0};
};

}  // namespace regatta
