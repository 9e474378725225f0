#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace regatta {

/// Where `connect` goes: an address of IPv4 or IPv6, or the path of a Unix socket.
class endpoint {
public:
    /// `address` is numeric, "127.0.0.1" or "::1". Throws std::invalid_argument that names it when
    /// it is not.
    static endpoint tcp(const std::string& address, std::uint16_t port);
    /// Throws std::invalid_argument when `path` is too long for a socket's address (107 bytes).
    static endpoint unix_socket(const std::string& path);

    const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t length() const { return length_; }
    int family() const { return storage_.ss_family; }

private:
    endpoint() = default;

    sockaddr_storage storage_{};
    socklen_t length_ = 0;
};

}  // namespace regatta
