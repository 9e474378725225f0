#include <gtest/gtest.h>

#include "workloads/mixed.hpp"

namespace regatta::workloads {
namespace {

params tenth() {
    params values;
    values.values = {10, 5, mixed::computed_inline};
    values.rounds_per_us = 3;
    return values;
}

std::uint64_t nonce_of(const std::vector<std::byte>& request) {
    return frame::load_u64(request.data() + frame::header_bytes);
}

TEST(mixed_exchange, knows_the_reply_to_its_request_and_whether_it_was_heavy) {
    const params values = tenth();
    const mixed::exchange client(values);
    for (std::uint64_t sequence = 0; sequence < 100; ++sequence) {
        std::vector<std::byte> request;
        client.append_request(sequence, request);
        const std::uint64_t nonce = nonce_of(request);
        auto reply = mixed::make_reply(nonce, mixed::answer(values, nonce));
        EXPECT_EQ(client.reply_length(sequence, reply), reply.size());
        EXPECT_TRUE(client.is_right(sequence, reply));
        EXPECT_FALSE(client.is_right(sequence + 1, reply));
        EXPECT_EQ(client.is_set_apart(sequence, reply), mixed::is_heavy(nonce));
        reply.back() = ~reply.back();
        EXPECT_FALSE(client.is_right(sequence, reply));
    }
}

TEST(mixed_exchange, heavy_requests_that_block_are_answered_like_the_others) {
    params values = tenth();
    values.values[mixed::work] = mixed::blocks;
    for (const std::uint64_t nonce : {6, 7}) {
        EXPECT_EQ(mixed::answer(values, nonce), ~nonce);
        EXPECT_EQ(mixed::work_out(values, nonce), ~nonce);
    }
    EXPECT_NE(mixed::answer(tenth(), 7), ~std::uint64_t{7});
}

TEST(mixed_exchange, share_is_that_of_all_connections_together) {
    constexpr std::uint64_t requests = 20'000;
    const params values = tenth();
    const mixed::exchange client(values);
    std::uint64_t heavy = 0;
    std::uint64_t in_a_row = 0;
    for (std::uint64_t i = 0; i < requests; ++i) {
        std::vector<std::byte> request;
        // A hundred connections that all send the request of the same number.
        client.append_request(i / 100, request);
        const bool is_heavy = mixed::is_heavy(nonce_of(request));
        heavy += is_heavy ? 1 : 0;
        in_a_row = is_heavy ? in_a_row + 1 : 0;
        EXPECT_LT(in_a_row, 10u);
    }
    // Five standard deviations; the draws are the same each time.
    EXPECT_NEAR(static_cast<double>(heavy), requests / 10.0, 5 * 42.4);
}

}  // namespace
}  // namespace regatta::workloads
