#include "runtimes/main/listening.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

#include "runtimes/main/arguments.hpp"

namespace regatta {
namespace {

// The system lowers it to net.core.somaxconn.
constexpr int backlog = 4096;

unique_fd open_listener(const sockaddr_in& address, bool is_shared) {
    unique_fd fd(check(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
    const int on = 1;
    check(::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "SO_REUSEADDR");
    if (is_shared) {
        check(::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), "SO_REUSEPORT");
    }
    // Accepted sockets inherit it; directly accepted ones (io_uring) cannot be told later.
    set_no_delay(fd.get());
    check(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
    check(::listen(fd.get(), backlog), "listen");
    return fd;
}

}  // namespace

listeners listen_on(const std::string& address, std::uint16_t port, std::size_t workers) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    if (::inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1) {
        throw contract_error(contract_error::usage,
                             fmt::format("'{}' is not an IPv4 address", address),
                             "write for example --listen 127.0.0.1:0");
    }
    listeners result;
    try {
        for (std::size_t i = 0; i < workers; ++i) {
            result.sockets.push_back(open_listener(where, workers > 1));
            socklen_t length = sizeof where;
            check(::getsockname(result.sockets.back().get(), reinterpret_cast<sockaddr*>(&where),
                                &length),
                  "getsockname");
        }
    } catch (const std::system_error& failure) {
        throw contract_error(
            contract_error::other,
            fmt::format("cannot listen on {}:{}: {}", address, port, failure.code().message()),
            failure.code().value() == EADDRINUSE
                ? "another program has this port: choose another, or port 0 for any free one"
                : "");
    }
    result.port = ntohs(where.sin_port);
    result.address = fmt::format("{}:{}", address, result.port);
    return result;
}

listeners listen_on_unix(const std::string& name, std::size_t workers) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    if (name.size() >= sizeof where.sun_path) {
        throw contract_error(contract_error::usage,
                             fmt::format("'{}' is too long for a Unix socket's name: at most {} "
                                         "characters",
                                         name, sizeof where.sun_path - 1));
    }
    // The first byte stays 0: that makes the name abstract.
    std::memcpy(where.sun_path + 1, name.data(), name.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    listeners result{{}, 0, "unix:@" + name};
    try {
        unique_fd fd(
            check(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
        check(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&where), length), "bind");
        check(::listen(fd.get(), backlog), "listen");
        for (std::size_t i = 1; i < workers; ++i) {
            result.sockets.emplace_back(check(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0), "fcntl"));
        }
        result.sockets.push_back(std::move(fd));
    } catch (const std::system_error& failure) {
        throw contract_error(
            contract_error::other,
            fmt::format("cannot listen on {}: {}", result.address, failure.code().message()),
            failure.code().value() == EADDRINUSE ? "another program has this name" : "");
    }
    return result;
}

}  // namespace regatta
