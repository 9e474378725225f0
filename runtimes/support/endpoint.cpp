#include "runtimes/endpoint.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>
#include <stdexcept>

namespace regatta {

endpoint endpoint::tcp(const std::string& address, std::uint16_t port) {
    endpoint result;
    auto& v4 = reinterpret_cast<sockaddr_in&>(result.storage_);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(result.storage_);
    if (::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        result.length_ = sizeof v4;
    } else if (::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        result.length_ = sizeof v6;
    } else {
        throw std::invalid_argument("'" + address + "' is not a numeric IPv4 or IPv6 address");
    }
    return result;
}

endpoint endpoint::unix_socket(const std::string& path) {
    endpoint result;
    auto& local = reinterpret_cast<sockaddr_un&>(result.storage_);
    if (path.size() >= sizeof local.sun_path) {
        throw std::invalid_argument("'" + path + "' is too long for the path of a Unix socket");
    }
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, path.c_str(), path.size() + 1);
    result.length_ = sizeof local;
    return result;
}

}  // namespace regatta
