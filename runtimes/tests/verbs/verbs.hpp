#pragma once

#include <fcntl.h>
#include <malloc.h>

#include <functional>

#include "runtimes/tests/conformance.hpp"
#include "runtimes/with_task_group.hpp"

/// What the tests of the verbs share. They run in tasks on a worker of their own, without a server;
/// only EXPECT_ macros may stand in a coroutine.
namespace regatta::testing::verbs {

static_assert(full_runtime<selected_runtime>,
              "a runtime that lacks verbs says so: WITHOUT_VERBS in its CMakeLists.txt");

using worker = selected_runtime;
template <class T>
using task = worker::task<T>;
using task_group = worker::task_group;
template <class T>
using channel = worker::channel<T>;
using semaphore = worker::semaphore;

/// Longer than any test lasts: a wait of this length ends by a cancellation or not at all.
inline constexpr std::chrono::hours for_ever{24};

/// The runtime's settings under test.
inline runtime_settings tested_settings() {
    params none;
    runtime_settings settings;
    apply_settings(settings_under_test(), {}, none, selected_runtime::about().parameters, settings);
    return settings;
}

class verb_test : public conformance {
protected:
    /// Runs `body(worker)`, a task<void>, to its end.
    template <class Body>
    static void run(Body body) {
        worker on(tested_settings());
        on.run([&] { return body(on); });
    }
};

/// Whether tasks of a worker run at the same time, so that their order says nothing.
inline bool is_parallel() {
    return selected_runtime::about().model == "thread";
}

/// Bytes that the program has allocated and not freed. Sanitizers do not tell: 0.
inline std::size_t allocated_bytes() {
    return ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
}

inline task<outcome> fail(int error) {
    co_return outcome{io_error(error)};
}
inline task<outcome> succeed() {
    co_return outcome{};
}

/// Lets every other task of the worker come to its next wait.
inline task<outcome> let_others_wait(worker& on) {
    if (is_parallel()) {
        const outcome slept = co_await on.sleep_for(50ms);
        co_return slept;
    }
    for (int i = 0; i < 20; ++i) {
        co_await on.yield();
    }
    co_return outcome{};
}

/// Fails with `error` once the siblings wait.
inline task<outcome> fail_later(worker& on, int error) {
    (void)co_await let_others_wait(on);
    co_return outcome{io_error(error)};
}

/// A task's result for the test, and how many of its kind live.
struct probe {
    std::atomic<int> started{0};
    std::atomic<int> live{0};
    std::atomic<int> last_error{-1};

    class visit {
    public:
        explicit visit(probe& of) : of_(of) {
            ++of_.started;
            ++of_.live;
        }
        ~visit() { --of_.live; }
        visit(const visit&) = delete;
        visit& operator=(const visit&) = delete;
        outcome end(io_error error) {
            of_.last_error = error.value();
            return outcome{error};
        }

    private:
        probe& of_;
    };
};

inline task<outcome> sleep_for_ever(worker& on, probe& seen) {
    probe::visit visit(seen);
    const auto [error] = co_await on.sleep_for(for_ever);
    co_return visit.end(error);
}

/// A blocking listening socket on 127.0.0.1, and the far side of connections to it.
class remote {
public:
    explicit remote(int backlog = 64)
        : listener_(check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        check(::bind(listener_.get(), generic, length), "bind");
        check(::listen(listener_.get(), backlog), "listen");
        check(::getsockname(listener_.get(), generic, &length), "getsockname");
        port_ = ntohs(address.sin_port);
    }
    endpoint where() const { return endpoint::tcp("127.0.0.1", port_); }
    std::uint16_t port() const { return port_; }
    int descriptor() const { return listener_.get(); }
    /// The oldest connection that was not yet accepted; waits for one.
    unique_fd accept() const {
        return unique_fd(
            check(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
    }
    /// Refuses connections from now on.
    void close() { listener_ = unique_fd(); }

private:
    unique_fd listener_;
    std::uint16_t port_ = 0;
};

/// Sends all of `bytes` to the far side.
inline void write_all(const unique_fd& to, bytes_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        check(static_cast<int>(sent), "send");
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
}

}  // namespace regatta::testing::verbs
