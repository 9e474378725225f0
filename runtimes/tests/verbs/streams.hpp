#pragma once

#include "runtimes/tests/verbs/verbs.hpp"

/// Streams of a worker and who is at their far side, for the tests of waits on streams.
namespace regatta::testing::verbs {

/// A stream of the worker and the far side of it.
struct pair {
    remote far;
    std::optional<worker::stream> near;
    unique_fd other;
};

/// Connects both sides of `ends`.
inline task<outcome> open(worker& on, pair& ends) {
    auto [failed, peer] = co_await on.connect(ends.far.where());
    EXPECT_FALSE(failed);
    if (peer) {
        ends.near.emplace(std::move(*peer));
        ends.other = ends.far.accept();
    }
    co_return outcome{failed};
}

/// Receives what never comes: ends when it is cancelled.
inline task<outcome> receive_nothing(pair& ends, probe& seen) {
    probe::visit visit(seen);
    auto [failed, bytes] = co_await ends.near->receive();
    EXPECT_TRUE(bytes_view(bytes).empty());
    co_return visit.end(failed);
}

/// A listening socket whose queue is full, so that the next connect() gets no answer: Linux drops
/// the request and repeats it a second later.
class deaf_remote {
public:
    deaf_remote() {
        for (int i = 0; i < 8; ++i) {
            waiting_.emplace_back(
                check(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
            const endpoint to = far_.where();
            (void)::connect(waiting_.back().get(), to.address(), to.length());
        }
    }
    endpoint where() const { return far_.where(); }

private:
    remote far_{0};
    std::vector<unique_fd> waiting_;
};

}  // namespace regatta::testing::verbs
