#pragma once

#include <string>
#include <vector>

#include "runtimes/support/socket.hpp"

namespace regatta {

/// One non-blocking listening TCP socket for each worker, all on the same port: the kernel spreads
/// the connections over them by a hash of their addresses (SO_REUSEPORT; socket(7)).
struct listeners {
    std::vector<unique_fd> sockets;
    std::uint16_t port;
};

/// `address` is a numeric IPv4 address; port 0 lets the system choose. Throws contract_error that
/// says what is in the way (the port is in use, the address is not this machine's).
listeners listen_on(const std::string& address, std::uint16_t port, std::size_t workers);

}  // namespace regatta
