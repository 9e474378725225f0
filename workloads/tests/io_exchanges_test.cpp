// The client halves and the parts of the I/O-bound workloads that need no runtime.
#include <gtest/gtest.h>

#include <cstring>

#include "workloads/backlog.hpp"
#include "workloads/fan_out.hpp"
#include "workloads/file.hpp"
#include "workloads/overload.hpp"
#include "workloads/pool.hpp"
#include "workloads/service.hpp"
#include "workloads/stream.hpp"
#include "workloads/tail.hpp"

namespace regatta::workloads {
namespace {

std::vector<std::byte> noise(std::size_t length) {
    std::vector<std::byte> bytes(length);
    kernels::fill(bytes, length);
    return bytes;
}

std::uint64_t digest_in_pieces(bytes_view bytes, std::size_t piece) {
    chunk_digest digest;
    while (!bytes.empty()) {
        const bytes_view part = bytes.first(std::min(piece, bytes.size()));
        digest.add(part);
        bytes = bytes.subspan(part.size());
    }
    return digest.finish();
}

TEST(chunk_digest, does_not_depend_on_the_pieces) {
    for (std::size_t length = 1; length < 70; ++length) {
        const auto bytes = noise(length);
        const std::uint64_t whole = digest_in_pieces(bytes, length);
        for (std::size_t piece = 1; piece < length; ++piece) {
            EXPECT_EQ(digest_in_pieces(bytes, piece), whole) << length << " in " << piece;
        }
    }
}

TEST(chunk_digest, notices_every_bit_and_a_word_in_another_place) {
    auto bytes = noise(64);
    const std::uint64_t right = digest_in_pieces(bytes, 64);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] ^= std::byte(1u << bit % 8);
        EXPECT_NE(digest_in_pieces(bytes, 64), right) << bit;
        bytes[bit / 8] ^= std::byte(1u << bit % 8);
    }
    std::swap_ranges(bytes.begin(), bytes.begin() + 8, bytes.begin() + 24);
    EXPECT_NE(digest_in_pieces(bytes, 64), right);
}

TEST(chunk_digest, of_eight_bytes_is_they_themselves_and_the_next_begins_anew) {
    std::byte word[8];
    chunk_digest digest;
    for (const std::uint64_t value : {std::uint64_t{1}, ~std::uint64_t{0}, std::uint64_t{77}}) {
        frame::store_u64(word, value);
        digest.add(word);
        EXPECT_EQ(digest.finish(), value);
    }
}

TEST(stream_exchange, takes_the_answer_to_its_chunk_and_no_other) {
    for (const std::int64_t direction : {stream::down, stream::up, stream::both}) {
        params values;
        values.values = {direction, 1000};
        const stream::exchange client(values);
        std::vector<std::byte> request;
        client.append_request(5, request);
        EXPECT_EQ(request.size(), direction == stream::down ? 8u : 1000u);
        const std::size_t reply_bytes = direction == stream::up ? 8 : 1000;
        EXPECT_EQ(client.reply_length(5, noise(reply_bytes - 1)), 0u);
        EXPECT_EQ(client.reply_length(5, noise(reply_bytes)), reply_bytes);
        EXPECT_FALSE(client.is_right(5, noise(reply_bytes)));
        if (direction == stream::up) {
            std::byte acknowledgement[8];
            frame::store_u64(acknowledgement, digest_in_pieces(request, 1000));
            EXPECT_TRUE(client.is_right(5, acknowledgement));
            EXPECT_FALSE(client.is_right(6, acknowledgement));
        }
    }
}

TEST(service, times_of_a_hundred_requests_have_the_mean) {
    for (const std::int64_t distribution : {0, 1, 2}) {
        params values;
        values.values = {distribution, 100'000};
        std::int64_t sum = 0;
        std::int64_t longest = 0;
        for (std::uint64_t nonce = 1'000; nonce < 1'100; ++nonce) {
            sum += service::service_ns(values, nonce);
            longest = std::max(longest, service::service_ns(values, nonce));
        }
        EXPECT_NEAR(static_cast<double>(sum) / 100, 100'000, 500);
        EXPECT_EQ(longest == 100'000, distribution == 0);
    }
}

TEST(tail_exchange, sets_one_request_in_a_hundred_apart) {
    const params values;
    const tail::exchange client(values);
    int slow = 0;
    for (std::uint64_t i = 0; i < 300; ++i) {
        slow += client.is_set_apart(i, {}) ? 1 : 0;
    }
    EXPECT_EQ(slow, 3);
}

TEST(ceilings, of_pool_and_overload_are_what_a_worker_has_to_give) {
    params of_pool;
    of_pool.values = {10, 1'000};
    EXPECT_DOUBLE_EQ(pool::ceiling_per_s(of_pool, 100, 1), 10'000);
    EXPECT_DOUBLE_EQ(pool::ceiling_per_s(of_pool, 100, 2), 20'000);
    EXPECT_DOUBLE_EQ(pool::ceiling_per_s(of_pool, 4, 1), 4'000) << "one for each client";
    of_pool.values[pool::overflow] = 5;
    EXPECT_DOUBLE_EQ(pool::ceiling_per_s(of_pool, 100, 2), 30'000);
    params of_overload;
    of_overload.values = {overload::queue_all, 8, 5'000, 16};
    EXPECT_DOUBLE_EQ(overload::ceiling_per_s(of_overload, 400, 1), 1'600);
    EXPECT_DOUBLE_EQ(overload::ceiling_per_s(of_overload, 400, 3), 4'800);
    EXPECT_DOUBLE_EQ(overload::ceiling_per_s(of_overload, 4, 1), 800);
    of_overload.values[overload::policy] = overload::shed;
    EXPECT_DOUBLE_EQ(overload::ceiling_per_s(of_overload, 24, 1), 1'600) << "all have a place";
    EXPECT_EQ(overload::ceiling_per_s(of_overload, 25, 1), no_ceiling) << "some may be refused";
}

TEST(ceilings, of_tail_is_a_hundred_requests_for_each_wait) {
    params values;
    values.values = {5'000};
    EXPECT_DOUBLE_EQ(tail::ceiling_per_s(values, 50, 1), 1'000'000);
    // Where the others take no time, replies come in hundreds, 5 ms after each other.
    for (const int window_us : {1, 4'999, 5'001, 9'999, 20'001}) {
        const int hundreds_most = window_us / 5'000 + 1;
        EXPECT_LE(100 * hundreds_most,
                  tail::ceiling_per_s(values, 1, 1) * window_us / 1e6 + tail::replies_at_edges);
    }
}

TEST(overload, refuses_nobody_who_has_a_place_and_does_what_its_slots_allow) {
    params values;
    values.values = {overload::shed, 8, 5'000, 16};
    EXPECT_EQ(overload::apart_of(values, {24, 1, 1, 1'600}).most, 0);
    const apart_range busy = overload::apart_of(values, {400, 1, 1, 10'000});
    EXPECT_NEAR(busy.least, 10'000 - 1'600 - 400, 9);
    EXPECT_EQ(busy.most, 9'999);
    EXPECT_NEAR(overload::apart_of(values, {400, 2, 1, 10'000}).least, 10'000 - 3'200 - 400, 17);
    // Shorter than what is done first takes.
    EXPECT_EQ(overload::apart_of(values, {400, 1, 0.04, 1'000}).most, 1'000);
    values.values[overload::policy] = overload::queue_all;
    EXPECT_EQ(overload::apart_of(values, {400, 1, 1, 1'600}).most, 0);
}

TEST(fan_out, asks_its_width_squared_on_two_levels) {
    params values;
    values.values = {3, 1'000, 0, 2};
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < 9; ++i) {
        sum += ~(10 + i);
    }
    EXPECT_EQ(fan_out::answer(values, 10), sum);
}

TEST(fan_out, answer_is_the_sum_of_the_backends) {
    params values;
    values.values = {3, 1'000, 0, 1};
    EXPECT_EQ(fan_out::answer(values, 10),
              ~std::uint64_t{10} + ~std::uint64_t{11} + ~std::uint64_t{12});
}

TEST(served_file, holds_what_the_client_expects) {
    const served_file file;
    const auto content = served_file::content();
    for (const std::size_t length : {std::size_t{1}, std::size_t{4096}, served_file::size_bytes}) {
        std::vector<std::byte> got(length);
        const std::uint64_t offset = served_file::offset_of(0xfedcba9876543210, length);
        ASSERT_TRUE(file.read(offset, got));
        EXPECT_EQ(std::memcmp(got.data(), content.data() + offset, length), 0);
    }
    std::byte beyond[2];
    EXPECT_FALSE(file.read(served_file::size_bytes - 1, beyond));
}

TEST(backlog_exchange, takes_a_refusal_only_where_requests_are_shed) {
    params values;
    values.values = {overload::shed, 1, 1'000, 0, 100};
    const backlog::exchange shedding(values);
    values.values[backlog::policy] = overload::queue_all;
    const backlog::exchange queueing(values);
    const std::vector<std::byte> refusal(frame::header_bytes);
    std::vector<std::byte> reply;
    shedding.append_request(5, reply);
    EXPECT_EQ(reply.size(), frame::header_bytes + 100);
    const auto payload = std::span(reply).subspan(frame::header_bytes);
    kernels::invert(payload, payload);
    for (const auto* const each : {&shedding, &queueing}) {
        EXPECT_TRUE(each->is_right(5, reply));
        EXPECT_FALSE(each->is_right(6, reply));
        EXPECT_FALSE(each->is_set_apart(5, reply));
        EXPECT_TRUE(each->is_set_apart(5, refusal));
        EXPECT_EQ(each->reply_length(5, refusal), refusal.size());
    }
    EXPECT_TRUE(shedding.is_right(5, refusal));
    EXPECT_FALSE(queueing.is_right(5, refusal));
}

}  // namespace
}  // namespace regatta::workloads
