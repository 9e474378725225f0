#include <gtest/gtest.h>

#include "harness/plan/rate_pattern.hpp"

namespace regatta {
namespace {

using namespace std::chrono_literals;

bool operator==(const rate_step& a, const rate_step& b) {
    return a.duration == b.duration && a.rate_per_s == b.rate_per_s;
}

std::vector<rate_step> steps_in(std::string_view text) {
    return parse_pattern("steps", text).value().steps;
}

TEST(rate_pattern, steps_are_read) {
    const auto pattern = parse_pattern("steps", "2s@1000,500ms@0,0.25s@100000000");
    ASSERT_TRUE(pattern);
    ASSERT_EQ(pattern->steps.size(), 3u);
    EXPECT_TRUE((pattern->steps[0] == rate_step{2s, 1000}));
    EXPECT_TRUE((pattern->steps[1] == rate_step{500ms, 0}));
    EXPECT_TRUE((pattern->steps[2] == rate_step{250ms, 1e8}));
    EXPECT_EQ(pattern->text, "2s@1000,500ms@0,250ms@100000000");
    EXPECT_EQ(parse_pattern("steps", pattern->text)->text, pattern->text);
}

TEST(rate_pattern, what_is_no_pattern_is_refused) {
    for (const char* text : {"",
                             "2s",
                             "@",
                             "2s@",
                             "@5",
                             "2@5",
                             "s@5",
                             "ms@5",
                             "2s@x",
                             "2s@-1",
                             "2s@1.5",
                             "0s@5",
                             "0.5ms@5",
                             "1.0005s@5",
                             "-2s@5",
                             "2s@0",
                             "2s@0,1s@0",
                             "2s@5,",
                             ",2s@5",
                             "2s@5;1s@6",
                             "2s@5 ",
                             "1e3s@5",
                             "infs@5",
                             "nans@5",
                             "3601s@5",
                             "3600s@5,1ms@5",
                             "2s@100000001",
                             "2s@99999999999999999999"}) {
        EXPECT_FALSE(parse_pattern("steps", text)) << text;
        EXPECT_NE(refusal_of_pattern("steps", text).find("like 2s@1000"), std::string::npos);
    }
    for (const char* text : {"", "100", "0@50ms", "-1@50ms", "100@", "@50ms", "100@1ms", "1.5@50ms",
                             "100001@50ms", "100@50", "100@2h", "100@50ms,5@5ms"}) {
        EXPECT_FALSE(parse_pattern("bursts", text)) << text;
        EXPECT_NE(refusal_of_pattern("bursts", text).find("like 100@50ms"), std::string::npos);
    }
    std::string many = "1s@1";
    for (int i = 0; i < 50; ++i) {
        many += ",1s@1";
    }
    EXPECT_FALSE(parse_pattern("steps", many));
    EXPECT_TRUE(parse_pattern("steps", many.substr(5)));
}

TEST(rate_pattern, a_burst_comes_within_a_millisecond) {
    const auto pattern = parse_pattern("bursts", "100@0.05s");
    ASSERT_TRUE(pattern);
    EXPECT_EQ(pattern->text, "100@50ms");
    ASSERT_EQ(pattern->steps.size(), 2u);
    EXPECT_TRUE((pattern->steps[0] == rate_step{1ms, 100'000}));
    EXPECT_TRUE((pattern->steps[1] == rate_step{49ms, 0}));
    EXPECT_DOUBLE_EQ(mean_rate_per_s(pattern->steps), 2000);
}

TEST(rate_pattern, counts_what_is_due) {
    const auto steps = steps_in("2s@1000,1s@4000");
    EXPECT_DOUBLE_EQ(period_s(steps), 3);
    EXPECT_DOUBLE_EQ(mean_rate_per_s(steps), 2000);
    EXPECT_DOUBLE_EQ(requests_due(steps, 0), 0);
    EXPECT_DOUBLE_EQ(requests_due(steps, 1.5), 1500);
    EXPECT_DOUBLE_EQ(requests_due(steps, 2.25), 3000);
    EXPECT_DOUBLE_EQ(requests_due(steps, 3), 6000);
    EXPECT_DOUBLE_EQ(requests_due(steps, 10), 19'000);
}

TEST(rate_pattern, begins_its_first_step_after_the_lead) {
    const auto steps = steps_in("2s@1000,1s@4000");
    for (const auto lead : {0ms, 1ms, 300ms, 1000ms, 1001ms, 2999ms, 3000ms, 7400ms}) {
        const auto turned = begun_before(steps, lead);
        EXPECT_DOUBLE_EQ(period_s(turned), 3);
        const double before = static_cast<double>(lead.count()) / 1000;
        for (const double after : {0.5, 2.0, 2.5, 4.0}) {
            EXPECT_NEAR(requests_due(turned, before + after) - requests_due(turned, before),
                        requests_due(steps, after), 1e-6)
                << lead.count() << " " << after;
        }
        for (const rate_step& each : turned) {
            EXPECT_GE(each.duration, 1ms);
        }
    }
}

}  // namespace
}  // namespace regatta
