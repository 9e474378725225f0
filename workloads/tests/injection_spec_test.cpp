#include "workloads/support/injection_spec.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace regatta {
namespace {

TEST(injection_spec, keeps_its_meaning_through_its_text) {
    for (const char* text :
         {"cpu:5%", "cpu:0.25%", "cpu:200ns", "syscall:3", "lock", "alloc:7", "tail:1%:5ms",
          "tail:0.1%:250us:7", "cpu:5%,syscall:3,lock,alloc:7,tail:1%:5ms"}) {
        EXPECT_EQ(parse_injection(text).text(), text);
    }
    EXPECT_EQ(parse_injection("tail:1.50%:5000us:1,lock").text(), "lock,tail:1.5%:5ms");
    EXPECT_EQ(parse_injection("alloc,syscall").text(), "syscall:1,alloc:1");
}

TEST(injection_spec, reads_units) {
    EXPECT_EQ(parse_injection("cpu:2us").cpu, std::chrono::microseconds(2));
    EXPECT_EQ(parse_injection("cpu:12.5%").cpu_ppm, 125'000u);
    const injection_spec slow = parse_injection("tail:0.1%:3ms:9");
    EXPECT_EQ(slow.waits_ppm, 1'000u);
    EXPECT_EQ(slow.wait, std::chrono::milliseconds(3));
    EXPECT_EQ(slow.seed, 9u);
}

TEST(injection_spec, refuses_with_what_to_write) {
    for (const char* text :
         {"",          "cpu",           "cpu:",           "cpu:5",           "cpu:0%",
          "cpu:-1%",   "cpu:nan%",      "cpu:1001%",      "cpu:0.00001%",    "cpu:11000ms",
          "syscall:0", "syscall:x",     "syscall:100001", "lock:1",          "alloc:1:1",
          "tail:1%",   "tail:101%:1ms", "tail:1%:5",      "tail:1%:5ms:x",   "tail:1%:5ms:1:1",
          "sleep:1ms", "cpu:5%,",       "lock,lock",      "cpu:5%,cpu:200ns"}) {
        try {
            parse_injection(text);
            ADD_FAILURE() << "took '" << text << "'";
        } catch (const std::invalid_argument& refused) {
            EXPECT_NE(std::string(refused.what()).find("write "), std::string::npos) << text;
        }
    }
}

TEST(injection_spec, waits_are_as_many_as_the_share_says) {
    for (const char* text : {"tail:1%:1ms", "tail:0.7%:1ms:5", "tail:33%:1ms", "tail:100%:1ms"}) {
        const injection_spec spec = parse_injection(text);
        std::uint64_t waits = 0;
        for (std::uint64_t i = 0; i < 100'000; ++i) {
            waits += spec.waits_at(i);
            const auto due = (i + 1) * spec.waits_ppm / 1'000'000;
            ASSERT_GE(waits, due) << text << " after " << i;
            ASSERT_LE(waits, due + 1) << text << " after " << i;
        }
    }
    EXPECT_FALSE(injection_spec{}.waits_at(0));
}

TEST(injection_spec, waits_have_no_fixed_distance_and_follow_the_seed) {
    const injection_spec first = parse_injection("tail:1%:1ms:1");
    const injection_spec second = parse_injection("tail:1%:1ms:2");
    int same_place = 0;
    int alike = 0;
    for (std::uint64_t i = 100; i < 10'000; ++i) {
        same_place += first.waits_at(i) && first.waits_at(i - 100);
        alike += first.waits_at(i) && second.waits_at(i);
    }
    // One in a hundred by chance.
    EXPECT_LT(same_place, 10);
    EXPECT_LT(alike, 10);
}

}  // namespace
}  // namespace regatta
