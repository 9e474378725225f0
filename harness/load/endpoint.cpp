#include "harness/load/endpoint.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "harness/load/failure.hpp"

namespace regatta::load {

namespace {

endpoint unix_endpoint(std::string_view name) {
    endpoint result;
    auto& raw = reinterpret_cast<sockaddr_un&>(result.address);
    if (name.empty() || name.size() >= sizeof raw.sun_path) {
        throw failure(failure::kind::usage,
                      fmt::format("'{}{}' is no name of a Unix socket", unix_prefix, name),
                      fmt::format("from 1 to {} characters", sizeof raw.sun_path - 1));
    }
    raw.sun_family = AF_UNIX;
    std::memcpy(raw.sun_path + 1, name.data(), name.size());  // the first byte stays 0: abstract
    result.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    return result;
}

}  // namespace

endpoint parse_endpoint(const std::string& address, std::uint16_t port) {
    if (address.starts_with(unix_prefix)) {
        return unix_endpoint(std::string_view(address).substr(unix_prefix.size()));
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
        throw failure(failure::kind::usage, fmt::format("'{}' is no address", address),
                      "a numeric one, such as 127.0.0.1 or ::1");
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
    endpoint result;
    std::memcpy(&result.address, found->ai_addr, found->ai_addrlen);
    result.length = found->ai_addrlen;
    return result;
}

bool is_loopback_v4(const endpoint& address) {
    return address.address.ss_family == AF_INET &&
           (ntohl(reinterpret_cast<const sockaddr_in&>(address.address).sin_addr.s_addr) >> 24) ==
               IN_LOOPBACKNET;
}

std::string to_string(const endpoint& address) {
    char text[NI_MAXHOST] = "?";
    getnameinfo(address.raw(), address.length, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
    return text;
}

}  // namespace regatta::load
