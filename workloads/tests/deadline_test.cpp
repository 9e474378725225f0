// The exchange of `deadline`: exactly the asked share of requests is late, and each answer tells.
#include <gtest/gtest.h>

#include <set>

#include "workloads/deadline.hpp"

namespace regatta::workloads {
namespace {

params values_with(std::int64_t late_percent, std::int64_t deadline_us = 20'000) {
    params values;
    values.values[deadline::delay_us] = 10'000;
    values.values[deadline::deadline_us] = deadline_us;
    values.values[deadline::late_percent] = late_percent;
    return values;
}

std::uint64_t nonce_of(const deadline::exchange& client, std::uint64_t sequence) {
    std::vector<std::byte> request;
    client.append_request(sequence, request);
    EXPECT_EQ(request.size(), request_reply::frame_bytes);
    return frame::load_u64(request.data() + frame::header_bytes);
}

TEST(deadline_exchange, share_of_late_requests_is_exact) {
    for (const std::int64_t percent : {0, 1, 10, 50, 100}) {
        const params values = values_with(percent);
        const deadline::exchange client(values);
        int late = 0;
        std::set<std::uint64_t> nonces;
        for (std::uint64_t i = 0; i < 300; ++i) {
            const std::uint64_t nonce = nonce_of(client, i);
            nonces.insert(nonce);
            late += deadline::is_late(values, nonce) ? 1 : 0;
        }
        EXPECT_EQ(late, 3 * percent);
        EXPECT_EQ(nonces.size(), 100u) << "a reply to another request is never right";
    }
}

TEST(deadline_exchange, answer_tells_whether_the_work_was_cancelled) {
    const params values = values_with(10);
    const deadline::exchange client(values);
    for (std::uint64_t i = 0; i < 100; ++i) {
        const std::uint64_t nonce = nonce_of(client, i);
        const bool late = deadline::is_late(values, nonce);
        EXPECT_TRUE(client.is_right(i, request_reply::make_message(late ? nonce : ~nonce)));
        // What would end in time may be late on a busy machine.
        EXPECT_EQ(client.is_right(i, request_reply::make_message(late ? ~nonce : nonce)), !late);
        EXPECT_TRUE(client.is_set_apart(i, request_reply::make_message(nonce)));
        EXPECT_FALSE(client.is_set_apart(i, request_reply::make_message(~nonce)));
    }
}

TEST(deadline_exchange, work_longer_than_the_deadline_is_always_late) {
    EXPECT_TRUE(deadline::is_late(values_with(0, 10'000), 99));
    EXPECT_FALSE(deadline::is_late(values_with(0, 10'001), 99));
}

TEST(deadline_exchange, share_set_apart_is_that_of_the_late_ones_but_for_a_busy_machine) {
    for (const std::int64_t percent : {0, 1, 10, 50, 99, 100}) {
        const params values = values_with(percent);
        std::vector<apart_range> ranges;
        for (double length = 0; length < 250; ++length) {
            ranges.push_back(deadline::apart_of(values, {1, 1, 1, length}));
        }
        // Each connection has a piece of the sequence: every one is within the bounds.
        for (std::uint64_t begin = 0; begin < 100; ++begin) {
            double late = 0;
            for (std::uint64_t length = 1; length < 250; ++length) {
                late += deadline::is_late(values, begin + length - 1) ? 1 : 0;
                const apart_range range = ranges[length];
                EXPECT_LE(range.least, late + 1e-9) << percent << " from " << begin;
                EXPECT_GE(range.most, late - 1e-9) << percent << " from " << begin;
            }
        }
    }
    // One that refuses whatever it is asked after 20 ms, as verify sees it.
    EXPECT_LT(deadline::apart_of(values_with(10), {3, 1, 0.1, 15}).most, 15);
    EXPECT_LT(deadline::apart_of(values_with(0), {3, 1, 0.1, 15}).most, 15);
    EXPECT_GT(deadline::apart_of(values_with(50), {3, 1, 0.1, 100}).least, 40);
    const apart_range all = deadline::apart_of(values_with(0, 10'000), {3, 1, 1, 150});
    EXPECT_EQ(all.least, 150);
    EXPECT_EQ(all.most, 150);
}

TEST(deadline_exchange, ceiling_is_connections_over_the_shortest_time) {
    EXPECT_DOUBLE_EQ(deadline::ceiling_per_s(values_with(0), 100, 1), 10'000);
    EXPECT_DOUBLE_EQ(deadline::ceiling_per_s(values_with(10), 100, 1), 10'000);
    EXPECT_DOUBLE_EQ(deadline::ceiling_per_s(values_with(100), 100, 1), 5'000);
    EXPECT_DOUBLE_EQ(deadline::ceiling_per_s(values_with(0, 5'000), 100, 1), 20'000);
}

}  // namespace
}  // namespace regatta::workloads
