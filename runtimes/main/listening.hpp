#pragma once

#include <string>
#include <vector>

#include "runtimes/support/socket.hpp"

namespace regatta {

/// A non-blocking listening socket for each worker. Over TCP all are on the same port, and the
/// kernel spreads the connections over them by a hash of their addresses (SO_REUSEPORT; socket(7));
/// of a Unix socket there is one queue, from which the workers take.
struct listeners {
    std::vector<unique_fd> sockets;
    std::uint16_t port;   ///< 0 for a Unix socket
    std::string address;  ///< "127.0.0.1:40123" or "unix:@name"
};

/// `address` is a numeric IPv4 address; port 0 lets the system choose. Throws contract_error that
/// says what is in the way (the port is in use, the address is not this machine's).
listeners listen_on(const std::string& address, std::uint16_t port, std::size_t workers);

/// On a Unix socket named `name` in Linux's abstract namespace (unix(7)). Throws contract_error as
/// well.
listeners listen_on_unix(const std::string& name, std::size_t workers);

}  // namespace regatta
