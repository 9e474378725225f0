#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace regatta {

/// The local ports that the system gives to connections: as many connections can go out from one
/// address to one address and port (ip(7): ip_local_port_range, ip_local_reserved_ports).
struct local_port_range {
    std::uint32_t first = 32'768;
    std::uint32_t last = 60'999;
    std::uint32_t reserved = 0;  ///< of them, kept back by the administrator

    std::uint64_t count() const { return last - first + 1 - reserved; }
};

/// Those of this network namespace; the kernel's defaults where they cannot be read.
local_port_range local_ports();

/// How many ports of `list` ("8080,9148-9160", as the kernel writes it) lie in first..last.
std::uint32_t reserved_in(const std::string& list, std::uint32_t first, std::uint32_t last);

/// Connections that go out to one port of one server.
struct port_demand {
    std::uint64_t connections = 0;
    /// Addresses that they go out from; 0: loopback, where the generator takes as many as it needs.
    std::uint64_t sources = 1;
    std::uint64_t hosts = 1;       ///< that share the connections, each with so many sources
    std::uint64_t of_busiest = 0;  ///< connections of the one that has most; 0: they share evenly
};

/// Why so many cannot be: one line with the arithmetic. Nothing when they can.
std::optional<std::string> port_obstacle(const port_demand& demand, const local_port_range& ports);

}  // namespace regatta
