// What the I/O-bound workloads are about, without a clock: who waits for whom, what is cancelled.
#include <poll.h>

#include <set>

#include "runtimes/tests/verbs/verbs.hpp"

namespace regatta::testing::verbs {
namespace {

using request_reply::frame_bytes;
using request_reply::make_message;

class io_workloads : public verb_test {};

constexpr std::int64_t a_minute_us = 60'000'000;

std::vector<std::byte> bytes_of(std::uint64_t payload) {
    const auto message = make_message(payload);
    return {message.begin(), message.end()};
}

/// Reads one frame of a request to a backend; its payload, or nothing for one without.
std::optional<std::uint64_t> read_request(const unique_fd& from) {
    std::byte message[frame_bytes];
    if (::recv(from.get(), message, frame::header_bytes, MSG_WAITALL) != frame::header_bytes ||
        frame::load_u32(message) == 0) {
        return std::nullopt;
    }
    ::recv(from.get(), message, request_reply::payload_bytes, MSG_WAITALL);
    return frame::load_u64(message);
}

TEST_F(io_workloads, deadline_stops_the_work_and_says_so) {
    constexpr std::uint64_t requests = 5;
    running_server<workloads::deadline> server({1'000, 2'000, 100});
    client peer = server.connect();
    for (std::uint64_t i = 0; i < requests; ++i) {
        peer.send(bytes_of(i));
        EXPECT_EQ(peer.receive(frame_bytes), bytes_of(request_reply::refusal(i)));
    }
    const counters counts = server.stop();
    EXPECT_EQ(counts.cancelled, requests);
    EXPECT_EQ(counts.requests, requests);
    EXPECT_EQ(counts.errors, 0u);
}

TEST_F(io_workloads, deadline_that_does_not_fire_cancels_nothing) {
    running_server<workloads::deadline> server({1'000, a_minute_us, 0});
    client peer = server.connect();
    peer.send(bytes_of(7));
    EXPECT_EQ(peer.receive(frame_bytes), bytes_of(~std::uint64_t{7}));
    EXPECT_EQ(server.stop().cancelled, 0u);
}

TEST_F(io_workloads, fan_out_has_all_its_questions_asked_before_the_first_answer) {
    constexpr std::size_t width = 16;
    const remote backend;
    running_server<workloads::fan_out> server({width, 1'000}, 1, backend.port());
    client peer = server.connect();
    peer.send(bytes_of(1'000));
    std::vector<unique_fd> asked;
    std::vector<std::uint64_t> nonces;
    for (std::size_t i = 0; i < width; ++i) {
        asked.push_back(backend.accept());
        nonces.push_back(read_request(asked.back()).value_or(0));
    }
    for (std::size_t i = 0; i < width; ++i) {
        write_all(asked[i], bytes_of(~nonces[i]));
    }
    EXPECT_EQ(peer.receive(frame_bytes),
              bytes_of(workloads::fan_out::answer(server.values(), 1'000)));
    EXPECT_EQ(server.stop().errors, 0u);
}

TEST_F(io_workloads, fan_out_cancels_the_rest_when_one_fails) {
    constexpr std::size_t width = 5;
    const remote backend;
    running_server<workloads::fan_out> server({width, a_minute_us, 100}, 1, backend.port());
    client peer = server.connect();
    peer.send(bytes_of(1'000));
    std::vector<unique_fd> asked;
    for (std::size_t i = 0; i < width; ++i) {
        asked.push_back(backend.accept());
    }
    std::size_t broken = width;
    for (std::size_t i = 0; i < width; ++i) {
        broken = read_request(asked[i]) ? broken : i;
    }
    ASSERT_LT(broken, width) << "one of them asks what no backend answers";
    asked[broken] = unique_fd();
    // The others are never answered.
    EXPECT_EQ(peer.receive(frame_bytes), bytes_of(request_reply::refusal(1'000)));
    for (const unique_fd& each : asked) {
        std::byte none;
        EXPECT_TRUE(!each || ::recv(each.get(), &none, 1, 0) <= 0) << "it is left waiting";
    }
    const counters counts = server.stop();
    EXPECT_EQ(counts.cancelled, width - 1);
    EXPECT_EQ(counts.errors, 0u);
}

TEST_F(io_workloads, fan_out_on_two_levels_has_all_its_questions_asked_before_the_first_answer) {
    constexpr std::size_t questions = 9;
    const remote backend;
    running_server<workloads::fan_out> server({3, 1'000, 0, 2}, 1, backend.port());
    client peer = server.connect();
    std::vector<unique_fd> asked;
    for (const std::uint64_t nonce : {1'000, 2'000}) {
        peer.send(bytes_of(nonce));
        while (asked.size() < questions) {
            asked.push_back(backend.accept());
        }
        std::set<std::uint64_t> nonces;
        std::vector<std::uint64_t> of_each;
        for (const unique_fd& each : asked) {
            of_each.push_back(read_request(each).value_or(0));
            nonces.insert(of_each.back());
        }
        EXPECT_EQ(nonces.size(), questions);
        EXPECT_EQ(*nonces.begin(), nonce);
        EXPECT_EQ(*nonces.rbegin(), nonce + questions - 1);
        for (std::size_t i = 0; i < questions; ++i) {
            write_all(asked[i], bytes_of(~of_each[i]));
        }
        EXPECT_EQ(peer.receive(frame_bytes),
                  bytes_of(workloads::fan_out::answer(server.values(), nonce)));
    }
    EXPECT_EQ(server.stop().errors, 0u);
}

TEST_F(io_workloads, fan_out_cancels_the_other_groups_too) {
    constexpr std::size_t questions = 9;
    const remote backend;
    running_server<workloads::fan_out> server({3, a_minute_us, 100, 2}, 1, backend.port());
    client peer = server.connect();
    peer.send(bytes_of(1'000));
    std::vector<unique_fd> asked;
    for (std::size_t i = 0; i < questions; ++i) {
        asked.push_back(backend.accept());
    }
    std::size_t broken = questions;
    for (std::size_t i = 0; i < questions; ++i) {
        broken = read_request(asked[i]) ? broken : i;
    }
    ASSERT_LT(broken, questions);
    asked[broken] = unique_fd();
    EXPECT_EQ(peer.receive(frame_bytes), bytes_of(request_reply::refusal(1'000)));
    for (const unique_fd& each : asked) {
        std::byte none;
        EXPECT_TRUE(!each || ::recv(each.get(), &none, 1, 0) <= 0) << "it is left waiting";
    }
    const counters counts = server.stop();
    EXPECT_EQ(counts.cancelled, questions - 1);
    EXPECT_EQ(counts.errors, 0u);
}

/// The backend of a pool that may ask so many things at a time.
class pool_backend {
public:
    pool_backend(const remote& listening, std::size_t limit)
        : listening_(listening), limit_(limit) {}

    /// Answers `requests`, but none before there are as many connections as there may be; returns
    /// when all but `left` connections are closed.
    void answer(std::size_t requests, std::size_t left) {
        while (connections_.size() < limit_) {
            accept();
        }
        while (answered_ < requests || connections_.size() != left) {
            std::vector<pollfd> ready{{listening_.descriptor(), POLLIN, 0}};
            for (const connection& each : connections_) {
                ready.push_back({each.socket.get(), POLLIN, 0});
            }
            ASSERT_GT(::poll(ready.data(), ready.size(),
                             static_cast<int>(std::chrono::milliseconds(margin).count())),
                      0);
            for (std::size_t i = ready.size(); i-- > 1;) {
                if (ready[i].revents != 0) {
                    serve(i - 1);
                }
            }
            if (ready.front().revents != 0) {
                accept();
            }
        }
    }
    std::size_t opened() const { return opened_; }

private:
    struct connection {
        unique_fd socket;
        bool is_answered = false;
    };

    void accept() {
        connections_.push_back({listening_.accept()});
        ++opened_;
        expect_room();
    }
    /// Each connection is opened for a request.
    void expect_room() const { EXPECT_LE(opened_ + asked_again_, answered_ + limit_); }

    void serve(std::size_t index) {
        connection& from = connections_[index];
        std::byte next;
        if (::recv(from.socket.get(), &next, 1, MSG_PEEK) <= 0) {
            connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(index));
            return;
        }
        const std::uint64_t nonce = read_request(from.socket).value_or(0);
        asked_again_ += from.is_answered ? 1 : 0;
        expect_room();
        from.is_answered = true;
        ++answered_;
        write_all(from.socket, bytes_of(~nonce));
    }

    const remote& listening_;
    std::size_t limit_;
    std::vector<connection> connections_;
    std::size_t opened_ = 0;
    std::size_t asked_again_ = 0;
    std::size_t answered_ = 0;
};

TEST_F(io_workloads, pool_with_an_overflow_opens_more_and_closes_them_after_use) {
    const remote listening;
    running_server<workloads::pool> server({2, 1'000, 3}, 1, listening.port());
    std::vector<client> peers;
    for (std::uint64_t i = 0; i < 8; ++i) {
        peers.push_back(server.connect());
        peers.back().send(bytes_of(i));
    }
    pool_backend backend(listening, 5);
    backend.answer(8, 2);
    for (std::uint64_t i = 0; i < 8; ++i) {
        EXPECT_EQ(peers[i].receive(frame_bytes), bytes_of(~i));
    }
    EXPECT_LE(backend.opened(), 8u);
    EXPECT_EQ(server.stop().requests, 8u);
}

TEST_F(io_workloads, pool_never_opens_more_connections_than_it_has) {
    running_server<workloads::delay> backend({1'000});
    running_server<workloads::pool> server({2, 1'000}, 1, backend.port());
    {
        std::vector<client> peers;
        for (std::uint64_t i = 0; i < 8; ++i) {
            peers.push_back(server.connect());
            peers.back().send(bytes_of(i));
            peers.back().send(bytes_of(i + 100));
        }
        for (std::uint64_t i = 0; i < 8; ++i) {
            EXPECT_EQ(peers[i].receive(frame_bytes), bytes_of(~i));
            EXPECT_EQ(peers[i].receive(frame_bytes), bytes_of(~(i + 100)));
        }
        EXPECT_EQ(server.stop().requests, 16u);
    }
    EXPECT_LE(backend.stop().accepted, 2u);
}

/// How many of `clients` requests at once are refused, by `refusal`, while those in service never
/// end.
template <class Workload>
int refusals(std::int64_t slots, std::int64_t queue, int clients, int expected,
             const std::vector<std::byte>& refusal) {
    running_server<Workload> server({workloads::overload::shed, slots, a_minute_us, queue});
    std::atomic<int> refused{0};
    std::vector<std::jthread> asking;
    for (int i = 0; i < clients; ++i) {
        asking.emplace_back([&] {
            try {
                client peer = server.connect();
                peer.send(bytes_of(9));
                refused += peer.receive(refusal.size()) == refusal;
            } catch (const std::exception&) {
                // In service or in the queue when the server stopped.
            }
        });
    }
    eventually([&] { return refused == expected; });
    server.stop();
    asking.clear();
    return refused;
}

TEST_F(io_workloads, overload_refuses_exactly_what_finds_no_place) {
    const auto refusal = bytes_of(request_reply::refusal(9));
    EXPECT_EQ(refusals<workloads::overload>(1, 0, 4, 3, refusal), 3);
    EXPECT_EQ(refusals<workloads::overload>(2, 3, 9, 4, refusal), 4);
}

TEST_F(io_workloads, backlog_refuses_exactly_what_finds_no_place) {
    const std::vector<std::byte> empty_frame(frame::header_bytes);
    EXPECT_EQ(refusals<workloads::backlog>(1, 0, 4, 3, empty_frame), 3);
    EXPECT_EQ(refusals<workloads::backlog>(2, 3, 9, 4, empty_frame), 4);
}

TEST_F(io_workloads, backlog_reads_on_while_its_requests_wait) {
    running_server<workloads::backlog> server(
        {workloads::overload::queue_all, 1, a_minute_us, 0, 1 << 20});
    std::vector<std::byte> request(frame::header_bytes + (1 << 20));
    frame::store_u32(request.data(), 1 << 20);
    client peer = server.connect();
    for (int i = 0; i < 64; ++i) {
        peer.send(request);  // 64 MiB, far more than sockets take
    }
}

TEST_F(io_workloads, backlog_answers_all_in_order) {
    running_server<workloads::backlog> server({workloads::overload::queue_all, 2, 1'000, 0, 8});
    std::vector<client> peers;
    for (std::uint64_t i = 0; i < 6; ++i) {
        peers.push_back(server.connect());
        peers.back().send(bytes_of(i));
        peers.back().send(bytes_of(i + 100));
    }
    for (std::uint64_t i = 0; i < 6; ++i) {
        EXPECT_EQ(peers[i].receive(frame_bytes), bytes_of(~i));
        EXPECT_EQ(peers[i].receive(frame_bytes), bytes_of(~(i + 100)));
    }
    const counters counts = server.stop();
    EXPECT_EQ(counts.requests, 12u);
    EXPECT_EQ(counts.errors, 0u);
}

TEST_F(io_workloads, overload_that_queues_answers_all) {
    running_server<workloads::overload> server({workloads::overload::queue_all, 1, 1'000, 0});
    std::vector<client> peers;
    for (std::uint64_t i = 0; i < 6; ++i) {
        peers.push_back(server.connect());
        peers.back().send(bytes_of(i));
    }
    for (std::uint64_t i = 0; i < 6; ++i) {
        EXPECT_EQ(peers[i].receive(frame_bytes), bytes_of(~i));
    }
    EXPECT_EQ(server.stop().requests, 6u);
}

TEST_F(io_workloads, broadcast_reaches_everybody_in_order) {
    running_server<workloads::broadcast> server;
    std::vector<client> peers;
    std::uint64_t deliveries = 0;
    const auto tell_all = [&](client& from, std::uint64_t message) {
        from.send(bytes_of(message));
        for (client& each : peers) {
            EXPECT_EQ(each.receive(frame_bytes), bytes_of(message));
            ++deliveries;
        }
    };
    for (std::uint64_t i = 0; i < 3; ++i) {
        peers.push_back(server.connect());
        peers.back().send(bytes_of(i));
        EXPECT_EQ(peers.back().receive(frame_bytes), bytes_of(i)) << "it has joined";
        ++deliveries;
    }
    for (std::uint64_t i = 10; i < 50; ++i) {
        tell_all(peers.front(), i);
    }
    // One that leaves is missed by nobody.
    peers.pop_back();
    tell_all(peers.front(), 99);
    const counters counts = server.stop();
    EXPECT_GE(counts.requests, deliveries);
    EXPECT_EQ(counts.accepted, 3u);
}

TEST_F(io_workloads, churn_closes_after_the_agreed_replies) {
    running_server<workloads::churn> server({2});
    client peer = server.connect();
    peer.send(bytes_of(1));
    EXPECT_EQ(peer.receive(frame_bytes), bytes_of(~std::uint64_t{1}));
    peer.send(bytes_of(2));
    EXPECT_EQ(peer.receive_all(), bytes_of(~std::uint64_t{2}));
    EXPECT_EQ(server.stop().errors, 0u);
}

}  // namespace
}  // namespace regatta::testing::verbs
