#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

/// What the hand-written servers share outside of the path that is measured: a listening socket,
/// the `ready` and `done` lines, an end by SIGTERM. No header of the project is included, so that
/// nothing of it can be in them.
namespace control {

inline constexpr std::size_t receive_bytes = 16 << 10;  // as the runtimes take at most

[[noreturn]] inline void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

/// The variable that makes a server listen on an abstract Unix socket of that name instead.
inline constexpr const char* unix_name_variable = "CONTROL_UNIX_NAME";

inline int listen_on_unix(const char* name) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t size = std::strlen(name);
    if (size >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        fail(name);
    }
    std::memcpy(address.sun_path + 1, name, size);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + size);
    if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        ::listen(fd, SOMAXCONN) != 0) {
        fail("listen");
    }
    return fd;
}

/// Listens on 127.0.0.1, any port, which `port` becomes.
inline int listen_on_tcp(int& port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    socklen_t length = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        ::listen(fd, SOMAXCONN) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
        fail("listen");
    }
    port = ntohs(address.sin_port);
    return fd;
}

/// Listens where it is to, and says so.
inline int listen_and_report() {
    int port = 0;
    const char* const name = std::getenv(unix_name_variable);
    const int fd = name != nullptr ? listen_on_unix(name) : listen_on_tcp(port);
    std::printf("{\"event\":\"ready\",\"port\":%d,\"pid\":%d}\n", port, getpid());
    std::fflush(stdout);
    return fd;
}

inline void report_done(std::uint64_t bytes_received) {
    std::printf("{\"event\":\"done\",\"bytes_received\":%llu}\n",
                static_cast<unsigned long long>(bytes_received));
    std::fflush(stdout);
}

inline void set_no_delay(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// Thousands of connections need as many descriptors.
inline void raise_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Blocks SIGTERM for this thread and those that it starts, to be taken by sigwait or a signalfd.
inline sigset_t block_sigterm() {
    sigset_t terminate;
    sigemptyset(&terminate);
    sigaddset(&terminate, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &terminate, nullptr);
    return terminate;
}

/// main() of a server with one loop: `run(listener, stop)` on a thread of its own returns when the
/// descriptor `stop` becomes readable, which SIGTERM makes it; `bytes_received` is read after that.
template <class Run>
int serve(Run run, const std::uint64_t& bytes_received) {
    raise_descriptor_limit();
    const sigset_t terminate = block_sigterm();
    const int listener = listen_and_report();
    set_no_delay(listener);  // accepted sockets inherit it
    const int stop = ::eventfd(0, EFD_CLOEXEC);
    if (stop < 0) {
        fail("eventfd");
    }
    std::thread loop(run, listener, stop);
    int signal = 0;
    sigwait(&terminate, &signal);
    ::eventfd_write(stop, 1);
    loop.join();
    report_done(bytes_received);
    return 0;
}

}  // namespace control
