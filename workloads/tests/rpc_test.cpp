#include <gtest/gtest.h>

#include "workloads/rpc.hpp"

namespace regatta::workloads {
namespace {

TEST(invert, flips_every_bit_of_any_length) {
    for (std::size_t length = 0; length < 40; ++length) {
        std::vector<std::byte> from(length);
        kernels::fill(from, length);
        std::vector<std::byte> to(length);
        kernels::invert(from, to);
        for (std::size_t i = 0; i < length; ++i) {
            EXPECT_EQ(to[i], ~from[i]);
        }
    }
}

TEST(rpc_exchange, knows_the_reply_to_its_request_and_no_other) {
    for (const std::int64_t size : {1, 7, 1024}) {
        params values;
        values.values[0] = size;
        const rpc::exchange client(values);
        std::vector<std::byte> message;
        client.append_request(3, message);
        ASSERT_EQ(message.size(), frame::header_bytes + static_cast<std::size_t>(size));
        EXPECT_EQ(client.reply_length(3, message), message.size());
        EXPECT_EQ(client.reply_length(3, bytes_view(message).first(message.size() - 1)), 0u);
        EXPECT_FALSE(client.is_right(3, message));
        for (std::size_t i = frame::header_bytes; i < message.size(); ++i) {
            message[i] = ~message[i];
        }
        EXPECT_TRUE(client.is_right(3, message));
        EXPECT_FALSE(client.is_right(4, message));
        message.pop_back();
        EXPECT_FALSE(client.is_right(3, message));
    }
}

}  // namespace
}  // namespace regatta::workloads
