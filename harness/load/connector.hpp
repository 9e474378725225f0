#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/load/connection_share.hpp"
#include "harness/load/descriptor.hpp"
#include "harness/load/source_addresses.hpp"

namespace regatta::load {

/// Raises the limit of descriptors for so many connections; throws failure where that is not
/// allowed.
void allow_descriptors(std::uint64_t connections);

/// Opens the connections of `share`, from `sources`, by TCP to `address`:`port` (address numeric,
/// IPv4 or IPv6) within `deadline_ns`, TCP_NODELAY set, non-blocking. A limited number are in
/// progress at a time, so that a server with a small backlog is not flooded. All or nothing: throws
/// failure with the number that was open, the cause and what helps.
std::vector<descriptor> connect_all(const std::string& address, std::uint16_t port,
                                    const connection_share& share, source_addresses& sources,
                                    std::uint64_t deadline_ns);

}  // namespace regatta::load
