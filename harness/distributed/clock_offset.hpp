#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace regatta::distributed {

/// How far the clock of another host is ahead of ours, from exchanges: a question sent at `sent`
/// and answered by `received` of our clock, stamped `remote` of theirs in between. Whatever the two
/// ways took, remote - received <= offset <= remote - sent (Cristian 1989); what all exchanges have
/// in common still holds it (Marzullo and Owicki 1983), and is never wider than what the exchange
/// with the shortest round trip says.
///
/// The bound is hard while neither clock is stepped and both run equally fast during the exchanges;
/// CLOCK_MONOTONIC is never stepped, and 10 ms at the 500 ppm of the fastest slew (adjtimex(2))
/// make 5 us.
class clock_offset {
public:
    void add(std::uint64_t sent_ns, std::uint64_t remote_ns, std::uint64_t received_ns) {
        // Wraps round as the clocks' difference does: the result is the signed offset.
        const auto low = static_cast<std::int64_t>(remote_ns - received_ns);
        const auto high = static_cast<std::int64_t>(remote_ns - sent_ns);
        if (received_ns - sent_ns < round_trip_ns_min_) {
            round_trip_ns_min_ = received_ns - sent_ns;
            shortest_low_ns_ = low;
            shortest_high_ns_ = high;
        }
        low_ns_ = std::max(low_ns_, low);
        high_ns_ = std::min(high_ns_, high);
        ++exchanges_;
    }

    unsigned exchanges() const { return exchanges_; }
    std::uint64_t round_trip_ns_min() const { return round_trip_ns_min_; }
    /// False when no offset agrees with all exchanges: a clock moved meanwhile. The answer is then
    /// that of the shortest round trip alone.
    bool is_consistent() const { return low_ns_ <= high_ns_; }
    std::int64_t low_ns() const { return is_consistent() ? low_ns_ : shortest_low_ns_; }
    std::int64_t high_ns() const { return is_consistent() ? high_ns_ : shortest_high_ns_; }
    /// Their clock minus ours; after one exchange or more.
    std::int64_t offset_ns() const { return low_ns() + (high_ns() - low_ns()) / 2; }
    /// The offset is at most this far from the truth.
    std::uint64_t bound_ns() const {
        return static_cast<std::uint64_t>(high_ns() - low_ns() + 1) / 2;
    }

private:
    unsigned exchanges_ = 0;
    std::int64_t low_ns_ = std::numeric_limits<std::int64_t>::min();
    std::int64_t high_ns_ = std::numeric_limits<std::int64_t>::max();
    std::uint64_t round_trip_ns_min_ = std::numeric_limits<std::uint64_t>::max();
    std::int64_t shortest_low_ns_ = 0;
    std::int64_t shortest_high_ns_ = 0;
};

/// How far two clocks have run apart between two measurements of their offset, at least: 0 when one
/// offset agrees with both.
inline std::int64_t drift_ns(const clock_offset& before, const clock_offset& after) {
    if (after.low_ns() > before.high_ns()) {
        return after.low_ns() - before.high_ns();
    }
    return after.high_ns() < before.low_ns() ? after.high_ns() - before.low_ns() : 0;
}

}  // namespace regatta::distributed
