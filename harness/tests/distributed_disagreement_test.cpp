// What a sum over ranks would hide is said, and nothing where there is nothing.
#include <functional>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/distributed/disagreement.hpp"
#include "harness/distributed/roster.hpp"
#include "harness/measure/histogram_json.hpp"

namespace regatta::distributed::tests {
namespace {

using nlohmann::json;

/// Nobody ever says anything: the roster is filled by hand.
struct silence final : transport {
    std::string_view name() const override { return "none"; }
    unsigned rank() const override { return 0; }
    unsigned loaders() const override { return 3; }
    void send(unsigned, const json&) override {}
    std::optional<message> receive() override { return std::nullopt; }
    std::optional<departure> next_departure() override { return std::nullopt; }
    void abandon(int) override {}
};

json result_of(std::uint64_t latency_ns, std::uint64_t values, std::uint64_t replies) {
    histogram latency;
    for (std::uint64_t i = 0; i < values; ++i) {
        latency.record(latency_ns);
    }
    return {{"latency", to_json(latency)},
            {"replies_measured", replies},
            {"client", {{"connections", 10}}},
            {"begin_late_ns", 1'000},
            {"engine", "io_uring"}};
}

/// An offset from one exchange, known to 10 us.
clock_offset offset_of(std::uint64_t ahead_ns) {
    clock_offset offset;
    offset.add(1'000'000, 1'010'000 + ahead_ns, 1'020'000);
    return offset;
}

/// What is said of three ranks that agree, but for what `change` does to the second.
std::vector<std::string> said_with(const std::function<void(loader&)>& change) {
    silence nobody;
    roster ranks(nobody);
    for (loader& each : ranks.all()) {
        each.host = "h" + std::to_string(each.rank);
        each.reached = loader::stage::finished;
        each.clock = each.clock_after = offset_of(5'000);
        each.result = result_of(100'000, 1'000, 20'000);
    }
    change(ranks.all()[1]);
    return disagreements(ranks);
}

std::string only(const std::vector<std::string>& said) {
    EXPECT_EQ(said.size(), 1u);
    return said.empty() ? "" : said.front();
}

TEST(disagreement, is_not_said_of_ranks_that_agree) {
    EXPECT_TRUE(said_with([](loader&) {}).empty());
}

TEST(disagreement, on_medians_is_from_a_fifth_on) {
    EXPECT_TRUE(
        said_with([](loader& one) { one.result = result_of(115'000, 1'000, 20'000); }).empty());
    const std::string said =
        only(said_with([](loader& one) { one.result = result_of(130'000, 1'000, 20'000); }));
    EXPECT_NE(said.find("median latency 100 us at rank 1 on h1, "), std::string::npos) << said;
    EXPECT_NE(said.find(" us at rank 2 on h2; the pooled percentiles are of neither"),
              std::string::npos)
        << said;
}

TEST(disagreement, on_medians_needs_values_to_have_one) {
    EXPECT_TRUE(
        said_with([](loader& one) { one.result = result_of(900'000, 199, 20'000); }).empty());
    EXPECT_FALSE(
        said_with([](loader& one) { one.result = result_of(900'000, 200, 20'000); }).empty());
}

TEST(disagreement, on_replies_is_from_a_tenth_on) {
    EXPECT_TRUE(said_with([](loader& one) { one.result["replies_measured"] = 18'500; }).empty());
    const std::string said =
        only(said_with([](loader& one) { one.result["replies_measured"] = 17'000; }));
    EXPECT_EQ(said,
              "the ranks disagree: 1700 replies per connection at rank 2 on h2, 2000 at rank 1 on "
              "h1");
}

TEST(disagreement, on_replies_counts_by_connection_and_only_where_there_are_many) {
    EXPECT_TRUE(said_with([](loader& one) {
                    one.result["replies_measured"] = 10'000;
                    one.result["client"]["connections"] = 5;
                }).empty());
    EXPECT_TRUE(said_with([](loader& one) { one.result["replies_measured"] = 999; }).empty());
    EXPECT_TRUE(said_with([](loader& one) { one.result["client"]["connections"] = 0; }).empty());
}

TEST(disagreement, on_the_begin_is_from_five_milliseconds_on) {
    EXPECT_TRUE(said_with([](loader& one) { one.result["begin_late_ns"] = 5'000'000; }).empty());
    EXPECT_EQ(only(said_with([](loader& one) { one.result["begin_late_ns"] = 7'300'000; })),
              "rank 2 on h2 began 7.3 ms late: its host is busy, or its clock is known too badly");
}

TEST(disagreement, on_clocks_is_what_is_surely_more_than_a_tenth_of_a_millisecond) {
    // The bounds of 10 us on either side leave 100 us of these 120.
    EXPECT_TRUE(said_with([](loader& one) { one.clock_after = offset_of(125'000); }).empty());
    EXPECT_EQ(only(said_with([](loader& one) { one.clock_after = offset_of(1'025'000); })),
              "the clock of rank 2 on h2 ran 1.00 ms away during the load");
    EXPECT_EQ(only(said_with([](loader& one) {
                  one.clock = offset_of(1'025'000);
                  one.clock_after = offset_of(5'000);
              })),
              "the clock of rank 2 on h2 ran -1.00 ms away during the load");
    EXPECT_TRUE(said_with([](loader& one) { one.clock_after = clock_offset(); }).empty());
}

TEST(disagreement, on_engines_names_who_has_epoll) {
    EXPECT_EQ(only(said_with([](loader& one) { one.result["engine"] = "epoll"; })),
              "the ranks load with different engines: rank 2 on h2 with epoll");
}

TEST(disagreement, is_among_the_ranks_that_reported) {
    EXPECT_TRUE(said_with([](loader& one) { one.result = nullptr; }).empty());
}

TEST(disagreement, is_said_of_each_thing_apart) {
    EXPECT_EQ(said_with([](loader& one) {
                  one.result = result_of(300'000, 1'000, 10'000);
                  one.result["begin_late_ns"] = 6'000'000;
                  one.result["engine"] = "epoll";
                  one.clock_after = offset_of(9'000'000);
              }).size(),
              5u);
}

}  // namespace
}  // namespace regatta::distributed::tests
