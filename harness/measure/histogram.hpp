#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace regatta {

/// A log-linear histogram of 64-bit values (here: nanoseconds). Below 128 every value has a bucket
/// of its own; above, each power of two is cut into 128 buckets, so a bucket is at most 1/128 of
/// its value wide and its middle is off by at most 0.4 %. Covers the whole range of uint64; memory
/// grows with the largest value (60 s in ns: 30 KiB). The idea is HdrHistogram's (Gil Tene).
/// Layout: results/FORMAT.md.
class histogram {
public:
    static constexpr unsigned sub_bucket_bits = 7;

    static constexpr std::size_t index_of(std::uint64_t value) {
        if (value < (1u << sub_bucket_bits)) {
            return static_cast<std::size_t>(value);
        }
        const unsigned e = static_cast<unsigned>(std::bit_width(value)) - 1 - sub_bucket_bits;
        return (static_cast<std::size_t>(e) << sub_bucket_bits) +
               static_cast<std::size_t>(value >> e);
    }
    /// Smallest value of bucket `index`.
    static constexpr std::uint64_t lowest_of(std::size_t index) {
        if (index < (1u << sub_bucket_bits)) {
            return index;
        }
        const unsigned e = static_cast<unsigned>(index >> sub_bucket_bits) - 1;
        const std::uint64_t m = (index & ((1u << sub_bucket_bits) - 1)) + (1u << sub_bucket_bits);
        return m << e;
    }
    /// The value that stands for bucket `index`: its middle.
    static constexpr std::uint64_t middle_of(std::size_t index) {
        const unsigned e = index < (1u << sub_bucket_bits)
                               ? 0
                               : static_cast<unsigned>(index >> sub_bucket_bits) - 1;
        return lowest_of(index) + ((std::uint64_t{1} << e) >> 1);
    }

    void record(std::uint64_t value, std::uint64_t times = 1) {
        add(index_of(value), times);
        min_ = std::min(min_, value);
        max_ = std::max(max_, value);
        sum_ += static_cast<double>(value) * static_cast<double>(times);
    }

    void merge(const histogram& other) {
        if (other.counts_.size() > counts_.size()) {
            counts_.resize(other.counts_.size());
        }
        for (std::size_t i = 0; i < other.counts_.size(); ++i) {
            counts_[i] += other.counts_[i];
        }
        count_ += other.count_;
        min_ = std::min(min_, other.min_);
        max_ = std::max(max_, other.max_);
        sum_ += other.sum_;
    }

    /// Forgets all values, keeps the memory.
    void clear() {
        std::fill(counts_.begin(), counts_.end(), 0);
        count_ = 0;
        min_ = std::numeric_limits<std::uint64_t>::max();
        max_ = 0;
        sum_ = 0;
    }

    std::uint64_t count() const { return count_; }
    bool empty() const { return count_ == 0; }
    std::uint64_t min() const { return empty() ? 0 : min_; }
    std::uint64_t max() const { return max_; }
    double sum() const { return sum_; }
    double mean() const { return empty() ? 0 : sum_ / static_cast<double>(count_); }

    /// The value at or below which `fraction` (0 .. 1) of the values lie, by the nearest-rank rule;
    /// within the bucket's error, never beyond min() and max(). 0 when empty.
    std::uint64_t value_at(double fraction) const {
        if (empty()) {
            return 0;
        }
        const double exact = fraction * static_cast<double>(count_);
        auto rank = static_cast<std::uint64_t>(exact);
        rank += static_cast<double>(rank) < exact ? 1 : 0;
        rank = std::clamp<std::uint64_t>(rank, 1, count_);
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (seen >= rank) {
                return std::clamp(middle_of(i), min_, max_);
            }
        }
        return max_;
    }

    /// value_at(fraction), or nothing when there are fewer than 100 / (1 - fraction) values: then
    /// the tail beyond the percentile holds under 100 of them and its position is chance.
    std::optional<std::uint64_t> percentile(double fraction) const {
        if (static_cast<double>(count_) * (1 - fraction) < 100 * (1 - 1e-9)) {
            return std::nullopt;
        }
        return value_at(fraction);
    }

    /// The buckets with a count above 0, ascending.
    std::vector<std::pair<std::size_t, std::uint64_t>> sparse() const {
        std::vector<std::pair<std::size_t, std::uint64_t>> buckets;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            if (counts_[i] != 0) {
                buckets.emplace_back(i, counts_[i]);
            }
        }
        return buckets;
    }
    /// Builds a histogram from sparse() and the exact extremes and sum that stood beside it.
    static histogram from_sparse(const std::vector<std::pair<std::size_t, std::uint64_t>>& buckets,
                                 std::uint64_t min, std::uint64_t max, double sum) {
        histogram result;
        for (const auto& [index, times] : buckets) {
            result.add(index, times);
        }
        if (result.count_ != 0) {
            result.min_ = min;
            result.max_ = max;
            result.sum_ = sum;
        }
        return result;
    }

private:
    void add(std::size_t index, std::uint64_t times) {
        if (index >= counts_.size()) {
            counts_.resize(index + 1);
        }
        counts_[index] += times;
        count_ += times;
    }

    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    std::uint64_t min_ = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t max_ = 0;
    double sum_ = 0;
};

}  // namespace regatta
