// Ranks as processes of this machine: messages, ends, and a clock of their own.
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/distributed/clock_offset.hpp"
#include "harness/distributed/local_transport.hpp"
#include "harness/load/clock.hpp"
#include "harness/tests/load_time.hpp"

namespace regatta::distributed::tests {
namespace {

using load::tests::second;
using nlohmann::json;

// Bounds a hanging test; nothing depends on its length.
constexpr std::uint64_t long_enough_ns = 120 * second;

message await_message(transport& at) {
    const std::uint64_t deadline = load::now_ns() + long_enough_ns;
    while (load::now_ns() < deadline) {
        if (auto come = at.receive()) {
            return std::move(*come);
        }
        ::usleep(100);
    }
    throw std::runtime_error("no message has come");
}

// Runs `work` as every loading rank; gives rank 0's end.
std::unique_ptr<local_transport> with_loaders(unsigned count,
                                              const std::function<int(transport&)>& work) {
    auto all = local_transport::start(count);
    if (all->rank() != 0) {
        int status = 1;
        try {
            status = work(*all);
        } catch (...) {
        }
        ::_exit(status);
    }
    return all;
}

int echo_until_stopped(transport& at) {
    for (;;) {
        const message words = await_message(at);
        if (words.body == "stop") {
            return 0;
        }
        at.send(0, {{"rank", at.rank()}, {"words", words.body}});
    }
}

TEST(local_ranks, answer_in_order_whatever_the_length) {
    const auto all = with_loaders(3, echo_until_stopped);
    const std::string large(3'000'000, 'x');  // more than a socket holds
    for (unsigned rank = 1; rank <= 3; ++rank) {
        all->send(rank, large);
        all->send(rank, rank);
    }
    std::vector<int> seen(4);
    for (int i = 0; i < 6; ++i) {
        const message answer = await_message(*all);
        EXPECT_EQ(answer.body["rank"], answer.from);
        EXPECT_EQ(answer.body["words"], seen[answer.from]++ == 0 ? json(large) : json(answer.from));
    }
    EXPECT_EQ(seen, (std::vector<int>{0, 2, 2, 2}));
    for (unsigned rank = 1; rank <= 3; ++rank) {
        all->send(rank, "stop");
    }
}

TEST(local_ranks, are_told_of_with_the_signal_when_they_end) {
    const auto all = with_loaders(2, [](transport& at) {
        if (at.rank() == 2) {
            ::raise(SIGKILL);
        }
        return echo_until_stopped(at);
    });
    std::optional<departure> gone;
    const std::uint64_t deadline = load::now_ns() + long_enough_ns;
    while (!gone && load::now_ns() < deadline) {
        static_cast<void>(all->receive());
        gone = all->next_departure();
        ::usleep(100);
    }
    ASSERT_TRUE(gone.has_value());
    EXPECT_EQ(gone->rank, 2u);
    EXPECT_NE(gone->reason.find("signal 9 (Killed)"), std::string::npos) << gone->reason;
    EXPECT_FALSE(all->next_departure().has_value());
    all->send(1, "still here");
    EXPECT_EQ(await_message(*all).from, 1u);
    all->send(1, "stop");
}

TEST(local_ranks, are_not_left_behind) {
    pid_t child = 0;
    {
        const auto all = with_loaders(1, [](transport& at) {
            at.send(0, ::getpid());
            ::signal(SIGTERM, SIG_IGN);
            for (;;) {
                ::pause();
            }
            return 0;
        });
        child = await_message(*all).body.get<pid_t>();
        EXPECT_EQ(::kill(child, 0), 0);
        all->abandon(0);
    }
    EXPECT_EQ(::kill(child, 0), -1);
}

// A process whose CLOCK_MONOTONIC is so far ahead; nothing where the kernel does not allow it.
bool enter_time_namespace(std::uint64_t seconds) {
    if (::unshare(CLONE_NEWTIME) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWTIME) != 0) {
        return false;
    }
    std::ofstream file("/proc/self/timens_offsets");
    file << "monotonic " << seconds << " 0\n" << std::flush;
    return file.good();
}

// A rank in a time namespace: only a child of who made it is in it.
std::optional<std::unique_ptr<local_transport>> rank_ahead(std::uint64_t seconds, pid_t& parent) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return std::nullopt;
    }
    load::descriptor ours(ends[0]);
    load::descriptor theirs(ends[1]);
    parent = ::fork();
    if (parent == 0) {
        if (!enter_time_namespace(seconds)) {
            ::_exit(77);
        }
        const pid_t child = ::fork();
        if (child == 0) {
            local_transport at(1, 1, 0, std::move(theirs));
            for (;;) {
                const message words = await_message(at);
                if (words.body == "stop") {
                    ::_exit(0);
                }
                at.send(0, load::now_ns());
            }
        }
        theirs = {};
        ours = {};
        int status = 0;
        ::waitpid(child, &status, 0);
        ::_exit(WEXITSTATUS(status));
    }
    return std::make_unique<local_transport>(0u, 1u, 1u, std::move(ours));
}

TEST(local_ranks, with_clocks_of_their_own_are_known_within_the_bound) {
    for (const std::uint64_t seconds : {1'000u, 2'000u}) {
        pid_t parent = 0;
        auto at = rank_ahead(seconds, parent);
        ASSERT_TRUE(at.has_value());
        clock_offset known;
        for (int i = 0; i < 50; ++i) {
            const std::uint64_t sent = load::now_ns();
            (*at)->send(1, "clock");
            std::optional<message> answer;
            while (!answer && ::waitpid(parent, nullptr, WNOHANG) == 0) {
                answer = (*at)->receive();
            }
            if (!answer) {
                GTEST_SKIP() << "time namespaces are not permitted here";
            }
            known.add(sent, answer->body.get<std::uint64_t>(), load::now_ns());
        }
        (*at)->send(1, "stop");
        int status = 0;
        ::waitpid(parent, &status, 0);
        EXPECT_EQ(WEXITSTATUS(status), 0);
        const auto ahead = static_cast<std::int64_t>(seconds * second);
        EXPECT_TRUE(known.is_consistent());
        EXPECT_LE(std::abs(known.offset_ns() - ahead), static_cast<std::int64_t>(known.bound_ns()));
        EXPECT_LT(known.bound_ns(), second);
    }
}

}  // namespace
}  // namespace regatta::distributed::tests
