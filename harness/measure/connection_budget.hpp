#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/measure/checkup.hpp"
#include "harness/measure/local_ports.hpp"

namespace regatta {

/// So many connections to one server at once: the arithmetic of harness/distributed/SIZING.md.
struct connection_demand {
    std::uint64_t connections = 0;
    std::uint64_t sources =
        0;  ///< addresses of each host that they go out from; 0: as many as needed
    std::uint64_t hosts = 1;   ///< that load
    std::uint64_t ranks = 1;   ///< generators, on all hosts together
    bool are_all_here = true;  ///< server and generators share this machine
    /// Connections of the host that has most; 0: an even share.
    std::uint64_t of_busiest = 0;
};

/// What of this machine limits connections; nothing where it has no such limit.
struct connection_limits {
    local_port_range ports;
    std::uint64_t open_files_hard = 0;            ///< of a process: RLIMIT_NOFILE
    std::optional<std::uint64_t> open_files_max;  ///< of the machine: fs.file-max
    std::optional<std::uint64_t> conntrack_max;   ///< connections that a firewall here can follow
    std::optional<std::uint64_t> memory_available_bytes;
};

connection_limits read_connection_limits();

/// Kernel memory of both ends of an idle connection, and the generator's own for its end, in bytes:
/// measured, with the runs that show it, in harness/distributed/SIZING.md.
inline constexpr std::uint64_t socket_bytes_per_connection = 7'500;
inline constexpr std::uint64_t generator_bytes_per_connection = 200;
/// Descriptors of a process besides its connections.
inline constexpr std::uint64_t other_descriptors = 64;

/// A row for each limit: what is needed, what there is, and what to do where that is too little.
std::vector<finding> check_connections(const connection_demand& demand,
                                       const connection_limits& limits);

}  // namespace regatta
