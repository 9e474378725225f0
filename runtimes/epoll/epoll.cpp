#include "runtimes/epoll/epoll.hpp"

#include <sys/epoll.h>
#include <sys/prctl.h>

namespace regatta {
namespace {

// How many events one system call fetches; sessions run between two calls, so this also bounds how
// long a timer waits for them.
constexpr int events_per_turn = 256;

// epoll_event::data of what is not a connection; all pointers are above.
constexpr std::uint64_t mail_key = 1;
constexpr std::uint64_t listener_key = 2;

void add(int epoll, int fd, std::uint32_t events, epoll_data_t data) {
    epoll_event event{events, data};
    check(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

}  // namespace

runtime_info epoll_runtime::about() {
    static const parameter parameters[] = {offload_pool::threads_parameter,
                                           offload_pool::scheduling_parameter()};
    return {"epoll", "coroutine", "epoll", "a minimal coroutine loop on edge-triggered epoll",
            {},      parameters};
}

epoll_runtime::epoll_runtime(const runtime_settings& settings)
    : coroutine_worker(settings.at(0), settings.at(1)),
      epoll_(check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
    // Timers then fire within a microsecond instead of 50 (prctl(2), PR_SET_TIMERSLACK).
    ::prctl(PR_SET_TIMERSLACK, 1UL);
    add(epoll_.get(), mail_.fd(), EPOLLIN, {.u64 = mail_key});
}

int epoll_runtime::wait(std::span<epoll_event> events,
                        std::optional<std::chrono::nanoseconds> longest) {
    const auto patience = loop_.patience();
    const auto most = patience && longest ? std::min(*patience, *longest)
                      : patience          ? *patience
                                          : longest.value_or(std::chrono::nanoseconds(0));
    const timespec timeout{most.count() / 1'000'000'000, most.count() % 1'000'000'000};
    return ::epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()), &timeout,
                          nullptr);
}

void epoll_runtime::turn(std::optional<std::chrono::nanoseconds> longest) {
    epoll_event events[events_per_turn];
    const auto take = [this, &events](int count) {
        for (const epoll_event* event = events; count > 0; --count, ++event) {
            if (event->data.u64 > listener_key) [[likely]] {
                static_cast<epoll::connection*>(event->data.ptr)->on_event(event->events);
            } else {
                on_own_event(event->data.u64);
            }
        }
    };
    if (longest || loop_.needs_attention()) {
        take(wait(events, longest));
    } else {
        // Everyday turns ask nothing but this one flag.
        do {
            take(::epoll_wait(epoll_.get(), events, events_per_turn, -1));
        } while (!loop_.needs_attention());
    }
    loop_.attend();
    closed_.clear();
}

void epoll_runtime::on_own_event(std::uint64_t key) {
    loop_.call_for_attention();
    if (key == listener_key) {
        is_acceptable_ = true;
    } else {
        mail_.take();
        is_stopping_ = mail_.is_stopping();
    }
}

void epoll_runtime::watch_listener(int listener) {
    add(epoll_.get(), listener, EPOLLIN, {.u64 = listener_key});
}

void epoll_runtime::forget_listener(int listener) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener, nullptr);
}

std::unique_ptr<epoll::connection> epoll_runtime::accept(int listener) {
    unique_fd fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
        is_acceptable_ = is_passing_accept_error(errno);
        if (is_exhaustion(errno)) {
            forget_listener(listener);
            loop_.start_helper(accept_later(listener));
        }
        return nullptr;
    }
    set_no_delay(fd.get());
    return adopt(std::move(fd), open_.accepted);
}

std::unique_ptr<epoll::connection> epoll_runtime::adopt(unique_fd socket,
                                                        live_set<epoll::connection>& of_its_kind) {
    auto peer = std::make_unique<epoll::connection>(epoll_.get(), loop_, std::move(socket),
                                                    buffers_, of_its_kind);
    add(epoll_.get(), peer->descriptor(), epoll::connection::events_at_first, {.ptr = peer.get()});
    of_its_kind.add(*peer);
    return peer;
}

epoll_runtime::task<connected<epoll_runtime::stream>> epoll_runtime::connect(endpoint where) {
    using result = connected<stream>;
    if (loop_.scope().is_cancelled()) {
        co_return result{io_error(ECANCELED), std::nullopt};
    }
    started_connect started = start_connect(where);
    if (started.error != 0) {
        co_return result{io_error(started.error), std::nullopt};
    }
    stream peer(*this, adopt(std::move(started.socket), open_.opened));
    if (started.is_in_progress) {
        if (const io_error failed = co_await epoll::connect_awaiter(*peer.peer_); failed) {
            co_return result{failed, std::nullopt};
        }
    }
    co_return result{io_error(), std::move(peer)};
}

lazy_task<void> epoll_runtime::accept_later(int listener) {
    if (const auto [stopped] = co_await sleep_for(std::chrono::milliseconds(10)); !stopped) {
        if (!is_stopping_) {
            watch_listener(listener);
        }
    }
}

void epoll_runtime::close(std::unique_ptr<epoll::connection> peer) {
    peer->home.remove(*peer);
    peer->close();
    closed_.push_back(std::move(peer));
    loop_.call_for_attention();
}

}  // namespace regatta
