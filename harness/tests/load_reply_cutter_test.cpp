#include "harness/load/reply_cutter.hpp"

#include <random>

#include <gtest/gtest.h>

#include "workloads/frame.hpp"

namespace regatta::load::tests {
namespace {

using bytes = std::vector<std::byte>;

bytes make_frame(std::size_t payload_bytes, std::mt19937& random) {
    bytes whole(frame::header_bytes + payload_bytes);
    frame::store_u32(whole.data(), static_cast<std::uint32_t>(payload_bytes));
    for (std::size_t i = frame::header_bytes; i < whole.size(); ++i) {
        whole[i] = static_cast<std::byte>(random());
    }
    return whole;
}

TEST(reply_cutter, finds_the_same_replies_however_the_stream_is_cut) {
    std::mt19937 random(11);
    for (const unsigned chunk_max : {1u, 3u, 50u, 1000u, 100'000u}) {
        std::vector<bytes> sent;
        bytes stream;
        for (int i = 0; i < 300; ++i) {
            sent.push_back(make_frame(i % 3 == 0 ? random() % 900 : random() % 12, random));
            stream.insert(stream.end(), sent.back().begin(), sent.back().end());
        }
        reply_cutter cutter;
        std::size_t found = 0;
        for (std::size_t at = 0; at < stream.size();) {
            const std::size_t count =
                std::min<std::size_t>(1 + random() % chunk_max, stream.size() - at);
            // A copy of its own, so that the address sanitizer sees a read past the chunk.
            const bytes chunk(stream.begin() + static_cast<std::ptrdiff_t>(at),
                              stream.begin() + static_cast<std::ptrdiff_t>(at + count));
            at += count;
            ASSERT_TRUE(cutter.feed(chunk, [&](bytes_view front) -> std::size_t {
                const std::size_t length = frame::length(front);
                if (length != 0) {
                    EXPECT_TRUE(std::equal(sent.at(found).begin(), sent.at(found).end(),
                                           front.begin(), front.begin() + length));
                    ++found;
                }
                return length;
            }));
        }
        EXPECT_EQ(found, sent.size());
    }
}

TEST(reply_cutter, does_not_copy_a_reply_that_came_in_one_piece) {
    std::mt19937 random(12);
    bytes chunk;
    for (int i = 0; i < 20; ++i) {
        const bytes one = make_frame(40, random);
        chunk.insert(chunk.end(), one.begin(), one.end());
    }
    reply_cutter cutter;
    const auto take = [&](bytes_view front) -> std::size_t {
        const std::size_t length = frame::length(front);
        if (length != 0) {
            EXPECT_GE(front.data(), chunk.data());
            EXPECT_LE(front.data() + length, chunk.data() + chunk.size());
        }
        return length;
    };
    EXPECT_TRUE(cutter.feed(chunk, take));
    // Also not behind a reply that had to be put together.
    EXPECT_TRUE(cutter.feed(bytes_view(chunk).first(50), take));
    int in_place = 0;
    EXPECT_TRUE(cutter.feed(bytes_view(chunk).subspan(50), [&](bytes_view front) -> std::size_t {
        const std::size_t length = frame::length(front);
        in_place += length != 0 && front.data() >= chunk.data() &&
                            front.data() < chunk.data() + chunk.size()
                        ? 1
                        : 0;
        return length;
    }));
    EXPECT_EQ(in_place, 18);
}

TEST(reply_cutter, stops_at_what_is_refused_or_too_long) {
    const bytes chunk(1 << 20);
    reply_cutter refusing;
    EXPECT_FALSE(refusing.feed(chunk, [](bytes_view) { return reply_cutter::refused; }));

    reply_cutter endless;
    std::size_t fed = 0;
    while (endless.feed(chunk, [](bytes_view) { return std::size_t{0}; })) {
        fed += chunk.size();
        ASSERT_LE(fed, reply_cutter::reply_bytes_max);
    }
    EXPECT_EQ(fed, reply_cutter::reply_bytes_max);
}

}  // namespace
}  // namespace regatta::load::tests
