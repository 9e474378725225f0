#include "harness/load/connector.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "harness/load/clock.hpp"
#include "harness/load/failure.hpp"

namespace regatta::load {
namespace {

constexpr std::size_t in_progress_max = 128;
// A Unix socket has no connection in progress: connect() fails while the server's queue is full.
constexpr std::uint64_t full_queue_ns = 1'000'000;
// Besides the connections: standard streams, epoll or ring, and what libraries open.
constexpr rlim_t other_descriptors = 64;

}  // namespace

void allow_descriptors(std::uint64_t connections) {
    const rlim_t needed = connections + other_descriptors;
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= needed) {
        return;
    }
    // Only root may raise the hard limit, and a container may forbid even that.
    const rlimit raised{needed, std::max(needed, limit.rlim_max)};
    if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
        throw failure(failure::kind::machine_cannot,
                      fmt::format("{} connections need {} file descriptors, the limit is {}",
                                  connections, needed, limit.rlim_max),
                      "raise the hard limit (ulimit -Hn, as root) or ask for fewer connections");
    }
}

namespace {

class connector {
public:
    connector(std::string name, const endpoint& to, const connection_share& share,
              source_addresses& sources, std::uint64_t deadline_ns)
        : name_(std::move(name)),
          to_(to),
          share_(share),
          sources_(sources),
          deadline_(now_ns() + deadline_ns) {
        open_.reserve(count());
    }

    std::vector<descriptor> run() {
        while (open_.size() < count()) {
            while (waiting_.size() < in_progress_max && open_.size() + waiting_.size() < count()) {
                begin();
            }
            collect();
        }
        return std::move(open_);
    }

private:
    void begin() {
        for (;;) {
            descriptor one(
                socket(to_.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
            if (!one) {
                give_up(errno);
            }
            const int yes = 1;
            setsockopt(one.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            const auto global = share_.global(static_cast<std::uint32_t>(begun_));
            if (const int error = sources_.bind_source(one.get(), global); error != 0) {
                give_up(error);
            }
            if (connect(one.get(), to_.raw(), to_.length) == 0) {
                ++begun_;
                open_.push_back(std::move(one));
                return;
            }
            if (errno == EINPROGRESS) {
                ++begun_;
                waiting_.push_back({one.get(), POLLOUT, 0});
                connecting_.push_back(std::move(one));
                return;
            }
            if (errno == EAGAIN && to_.address.ss_family == AF_UNIX && now_ns() < deadline_) {
                sleep_until(now_ns() + full_queue_ns);
                continue;
            }
            if (errno != EADDRNOTAVAIL || !sources_.move_on()) {
                give_up(errno);
            }
        }
    }

    void collect() {
        if (waiting_.empty()) {
            return;
        }
        const std::uint64_t now = now_ns();
        if (now >= deadline_) {
            give_up(ETIMEDOUT);
        }
        const timespec left = to_timespec(deadline_ - now);
        if (ppoll(waiting_.data(), waiting_.size(), &left, nullptr) < 0 && errno != EINTR) {
            give_up(errno);
        }
        for (std::size_t i = waiting_.size(); i-- > 0;) {
            if (waiting_[i].revents != 0) {
                finish(i);
            }
        }
    }

    void finish(std::size_t index) {
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(waiting_[index].fd, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0) {
            give_up(error);
        }
        open_.push_back(std::move(connecting_[index]));
        connecting_[index] = std::move(connecting_.back());
        connecting_.pop_back();
        waiting_[index] = waiting_.back();
        waiting_.pop_back();
    }

    [[noreturn]] void give_up(int error) const {
        const auto reason = fmt::format("cannot connect to {}: {} ({} of {} connections were open)",
                                        name_, std::strerror(error), open_.size(), count());
        switch (error) {
            case ECONNREFUSED:
                throw failure(failure::kind::other, reason, "is the server listening there?");
            case ETIMEDOUT:
                throw failure(
                    failure::kind::other, reason,
                    "the server does not accept in time: raise its backlog or connect_ns");
            case EMFILE:
            case ENFILE:
                throw failure(failure::kind::machine_cannot, reason,
                              "raise the limit of file descriptors (ulimit -n, fs.file-max)");
            case EADDRNOTAVAIL:
                throw failure(failure::kind::machine_cannot, reason,
                              "no local port is left: widen sysctl net.ipv4.ip_local_port_range");
            case ENOBUFS:
            case ENOMEM:
                throw failure(failure::kind::machine_cannot, reason,
                              "the kernel has no memory left for sockets (net.ipv4.tcp_mem)");
            default:
                throw failure(failure::kind::other, reason);
        }
    }

    std::uint32_t count() const { return share_.size(); }

    std::string name_;
    endpoint to_;
    connection_share share_;
    source_addresses& sources_;
    std::uint64_t deadline_;
    std::size_t begun_ = 0;
    std::vector<descriptor> open_;
    std::vector<descriptor> connecting_;  // the same connections as waiting_, in the same order
    std::vector<pollfd> waiting_;
};

}  // namespace

std::vector<descriptor> connect_all(const std::string& address, std::uint16_t port,
                                    const connection_share& share, source_addresses& sources,
                                    std::uint64_t deadline_ns) {
    const endpoint to = parse_endpoint(address, port);
    allow_descriptors(share.size());
    return connector(fmt::format("{}:{}", address, port), to, share, sources, deadline_ns).run();
}

}  // namespace regatta::load
