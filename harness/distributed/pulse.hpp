#pragma once

#include <algorithm>
#include <cstdint>

#include "harness/load/clock.hpp"

namespace regatta::distributed {

/// Every rank says so often that it is there ...
inline constexpr std::uint64_t pulse_ns = 1'000'000'000;
/// ... and who is silent for so long is given up by rank 0; a loading rank gives rank 0 up later,
/// so that it can still be told what has happened.
inline constexpr std::uint64_t silence_ns = 5'000'000'000;
inline constexpr std::uint64_t orphan_ns = 10'000'000'000;

/// The time that a process has itself been awake: when it was stopped, the silence was its own.
class waking_clock {
public:
    /// Called often: a gap between calls of more than a second is not counted.
    std::uint64_t now_ns() {
        constexpr std::uint64_t longest_ns = 1'500'000'000;
        const std::uint64_t real = load::now_ns();
        awake_ns_ += last_ns_ == 0 ? 0 : std::min(real - last_ns_, longest_ns);
        last_ns_ = real;
        return awake_ns_;
    }

private:
    std::uint64_t last_ns_ = 0;
    std::uint64_t awake_ns_ = 1;
};

}  // namespace regatta::distributed
