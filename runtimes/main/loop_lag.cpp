#include "runtimes/main/loop_lag.hpp"

#include <linux/filter.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <mutex>

#include "runtimes/support/thread_scheduling.hpp"

namespace regatta {
namespace {

std::uint64_t ns_of(std::chrono::steady_clock::time_point time) {
    return static_cast<std::uint64_t>(std::chrono::nanoseconds(time.time_since_epoch()).count());
}

/// Directs new connections to listening socket number `worker` of the port (socket(7),
/// SO_ATTACH_REUSEPORT_CBPF): sockets count in the order in which they began to listen.
void direct_to(int listener, std::size_t worker) {
    sock_filter choose{BPF_RET | BPF_K, 0, 0, static_cast<std::uint32_t>(worker)};
    const sock_fprog program{1, &choose};
    check(::setsockopt(listener, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program),
          "SO_ATTACH_REUSEPORT_CBPF");
}

void direct_to_all(int listener) {
    const int none = 0;
    check(::setsockopt(listener, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &none, sizeof none),
          "SO_DETACH_REUSEPORT_BPF");
}

unique_fd connect_to(int listener) {
    sockaddr_in where{};
    socklen_t length = sizeof where;
    check(::getsockname(listener, reinterpret_cast<sockaddr*>(&where), &length), "getsockname");
    if (where.sin_addr.s_addr == htonl(INADDR_ANY)) {
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    unique_fd peer(check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    check(::connect(peer.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where),
          "connect");
    set_no_delay(peer.get());
    return peer;
}

}  // namespace

std::optional<std::string> loop_lag_obstacle(const runtime_info& info) {
    if (info.model == "thread") {
        return "no loop: each connection has a thread";
    }
    if (info.is_reference_only) {
        return "a runtime that is no model of anything";
    }
    return std::nullopt;
}

void lag_log::take(bytes_view bytes) {
    const std::uint64_t now = ns_of(std::chrono::steady_clock::now());
    for (const std::byte each : bytes) {
        piece_[piece_bytes_++] = each;
        if (piece_bytes_ < piece_.size()) {
            continue;
        }
        piece_bytes_ = 0;
        if (std::exchange(begins_anew_, false)) {
            lags_.clear();
        }
        std::uint64_t due = 0;
        std::memcpy(&due, piece_.data(), sizeof due);
        lags_.record(now - std::min(now, due));
    }
}

lag_clock::lag_clock(const listeners& listening, std::chrono::nanoseconds period) {
    const std::size_t workers = listening.sockets.size();
    for (std::size_t i = 0; i < workers; ++i) {
        const int listener = listening.sockets[i].get();
        if (workers > 1) {
            direct_to(listener, i);
        }
        peers_.push_back(connect_to(listener));
    }
    if (workers > 1) {
        direct_to_all(listening.sockets.front().get());
    }
    thread_ = std::jthread([this, period](const std::stop_token& asked) { run(asked, period); });
}

void lag_clock::run(const std::stop_token& asked, std::chrono::nanoseconds period) {
    ::pthread_setname_np(::pthread_self(), "lag-clock");
    // The shortest that the kernel grants. A busy loop on the same CPU else keeps this thread
    // waiting for its own slice, some milliseconds, which is no lag of the loop. Where it cannot be
    // had that wait is in the figure.
    take_slice(std::chrono::microseconds(100));
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    auto next = std::chrono::steady_clock::now() + period;
    for (;; next += period) {
        wake.wait_until(lock, asked, next, [] { return false; });
        if (asked.stop_requested()) {
            return;
        }
        // When it was due, not when this thread came to run: what holds the loop up may hold the
        // clock up too, and the periods that it missed are then sent one after the other.
        const std::uint64_t due = ns_of(next);
        for (const unique_fd& peer : peers_) {
            // A worker that is stuck for minutes fills its socket; what does not fit is lost, and
            // the lag of what did says enough.
            [[maybe_unused]] const auto sent =
                ::send(peer.get(), &due, sizeof due, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
    }
}

nlohmann::json loop_lag_json(const histogram& lags, const std::optional<std::string>& reason) {
    // A probe of 90 values a second: its p99 is a sign, not an estimate with an interval.
    constexpr std::uint64_t count_min = 100;
    const bool is_enough = lags.count() >= count_min;
    const auto value = [&](std::uint64_t ns, bool is_known) {
        return is_known ? nlohmann::json(ns) : nlohmann::json();
    };
    return {{"lag_ns_p50", value(lags.value_at(0.5), is_enough)},
            {"lag_ns_p99", value(lags.value_at(0.99), is_enough)},
            {"lag_ns_max", value(lags.max(), !lags.empty())},
            {"count", lags.count()},
            {"reason", reason ? nlohmann::json(*reason) : nlohmann::json()}};
}

}  // namespace regatta
