#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace regatta::load {

/// An address to connect to, or from.
struct endpoint {
    sockaddr_storage address{};
    socklen_t length = 0;

    const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&address); }
};

/// What a Unix socket's address begins with: its name is in Linux's abstract namespace (unix(7)).
inline constexpr std::string_view unix_prefix = "unix:@";

/// `address` numeric, IPv4 or IPv6, or `unix:@NAME`; throws failure (usage) for another.
endpoint parse_endpoint(const std::string& address, std::uint16_t port);

/// Whether it is in 127.0.0.0/8, all of which is this machine.
bool is_loopback_v4(const endpoint& address);

/// The address without its port.
std::string to_string(const endpoint& address);

}  // namespace regatta::load
