#include "harness/record/memory_table.hpp"

#include <gtest/gtest.h>

namespace regatta {
namespace {

using nlohmann::json;

/// 2 MiB and `kib` KiB a connection of user memory, a kernel stack for each connection's thread
/// where there is one; sockets and cgroup unknown.
json trial(const std::string& runtime, int connections, int kib, bool has_threads) {
    return {{"record", "memory"},
            {"trial", connections},
            {"round", 0},
            {"benchmark", "echo/" + runtime +
                              "/size:64/connections:" + std::to_string(connections) + "/workers:1"},
            {"workload", "echo"},
            {"runtime", runtime},
            {"connections", connections},
            {"status", "ok"},
            {"reasons", json::array()},
            {"warnings", json::array()},
            {"reading",
             {{"pss_bytes", (2 << 20) + connections * kib * 1024},
              {"page_table_bytes", 40960},
              {"kernel_stack_bytes", 16384 * (has_threads ? connections + 1 : 1)},
              {"socket_bytes", nullptr},
              {"socket_buffer_bytes", 0},
              {"cgroup_bytes", nullptr}}}};
}

std::vector<json> two_runtimes() {
    std::vector<json> records;
    for (const int connections : {0, 1000, 10000}) {
        records.push_back(trial("uring", connections, 4, false));
        records.push_back(trial("thread", connections, 12, true));
    }
    return records;
}

TEST(memory_table, slopes_are_split_and_in_the_order_of_runtimes) {
    const auto verdicts = memory_verdicts(two_runtimes());
    ASSERT_EQ(verdicts.size(), 2u);
    const json& thread = verdicts.front();
    EXPECT_EQ(thread.at("benchmark"), "echo/thread/size:64/workers:1");
    EXPECT_EQ(thread.at("connections"), json({0, 1000, 10000}));
    const json& fits = thread.at("fits");
    EXPECT_NEAR(fits.at("user").at("bytes_per_connection").get<double>(), 12 * 1024, 1e-6);
    EXPECT_NEAR(fits.at("kernel_stacks").at("bytes_per_connection").get<double>(), 16384, 1e-6);
    EXPECT_NEAR(fits.at("server").at("bytes_per_connection").get<double>(), 28 * 1024, 1e-6);
    EXPECT_TRUE(fits.at("sockets").is_null());
    EXPECT_EQ(thread.at("sentence"), "28.00 KiB per connection");
    EXPECT_EQ(verdicts.back().at("sentence"), "4.00 KiB per connection");
}

TEST(memory_table, golden) {
    auto records = two_runtimes();
    json lost = trial("thread", 40000, 12, true);
    lost["status"] = "invalid";
    lost["reasons"] = {"the server held 32000 of 40000 connections"};
    records.push_back(lost);
    const std::string text = render_memory(memory_verdicts(records), records);
    EXPECT_EQ(text.substr(0, text.find("\nKiB for each")),
              R"(### echo/size:64/workers:1 (idle; KiB per connection)

| runtime |  user | page tables | kernel stacks | server |  95 % interval | sockets | cgroup | server at 0, MiB | trials |
| :------ | ----: | ----------: | ------------: | -----: | -------------: | ------: | -----: | ---------------: | -----: |
| thread  | 12.00 |        0.00 |         16.00 |  28.00 | 28.00 to 28.00 |     n/a |    n/a |             2.05 |    3/4 |
| uring   |  4.00 |        0.00 |          0.00 |   4.00 |   4.00 to 4.00 |     n/a |    n/a |             2.05 |    3/3 |

- trial 40000, round 0, `echo/thread/size:64/connections:40000/workers:1`: invalid: the server held 32000 of 40000 connections
)");
}

TEST(memory_table, two_counts_have_no_slope) {
    std::vector<json> records = two_runtimes();
    records.resize(4);
    const auto verdicts = memory_verdicts(records);
    EXPECT_TRUE(verdicts.front().at("fits").at("user").is_null());
    EXPECT_EQ(verdicts.front().at("sentence"),
              "No slope: only 2 of the connection counts could be measured, and a line needs 3");
    EXPECT_NE(render_memory(verdicts, records).find("n/a"), std::string::npos);
}

TEST(memory_table, a_record_that_lacks_something_is_named) {
    std::vector<json> records = two_runtimes();
    records.front().erase("reading");
    EXPECT_THROW(memory_verdicts(records), std::runtime_error);
}

}  // namespace
}  // namespace regatta
