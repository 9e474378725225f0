#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/load/descriptor.hpp"

namespace regatta::load {

/// Opens `count` TCP connections to `address`:`port` (address numeric, IPv4 or IPv6) within
/// `deadline_ns`, TCP_NODELAY set, non-blocking. A limited number are in progress at a time, so
/// that a server with a small backlog is not flooded. All or nothing: throws failure with the
/// number that was open, the cause and what helps.
std::vector<descriptor> connect_all(const std::string& address, std::uint16_t port,
                                    std::uint32_t count, std::uint64_t deadline_ns);

}  // namespace regatta::load
