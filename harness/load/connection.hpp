#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/load/reply_cutter.hpp"

namespace regatta::load {

/// What the driver knows of one connection. Requests are numbered from 0 and answered in order:
/// answered <= sent <= issued.
struct connection {
    reply_cutter replies;
    std::vector<std::byte> building;  ///< requests that wait for the send in progress to end
    std::vector<std::byte> sending;   ///< the send in progress
    std::size_t sending_left = 0;     ///< bytes of it that the kernel has not taken yet
    std::uint64_t sending_end = 0;    ///< number of the first request behind it
    std::uint64_t issued = 0;         ///< requests made so far
    std::uint64_t sent = 0;           ///< of these, handed to the kernel
    std::uint64_t answered = 0;       ///< of these, answered
    /// Number of the first request that it cannot take: the server closes it before.
    std::uint64_t issuable = ~std::uint64_t{0};
    bool is_open = true;
    bool needs_socket = false;  ///< the server has closed it as agreed; the next send connects

    std::uint64_t outstanding() const { return issued - answered; }
    bool is_sending() const { return sending_left != 0; }
};

}  // namespace regatta::load
