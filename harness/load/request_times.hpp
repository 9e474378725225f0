#pragma once

#include <cstdint>

namespace regatta::load {

/// The life of one request until its reply; CLOCK_MONOTONIC, in ns. intended <= ready <= sent.
/// In a closed loop a request is intended when it is sent, and the three are one.
struct request_times {
    std::uint64_t intended_ns = 0;  ///< when the schedule wanted it sent
    std::uint64_t ready_ns = 0;     ///< since when it could be sent: its connection had room
    std::uint64_t sent_ns = 0;      ///< when it was handed to the kernel
};

}  // namespace regatta::load
