#include <random>

#include <gtest/gtest.h>

#include "harness/failure.hpp"
#include "harness/record/base64.hpp"
#include "harness/record/export.hpp"
#include "harness/record/hdr_encoding.hpp"
#include "harness/tests/trial_fixture.hpp"

namespace regatta {
namespace {

histogram log_uniform(std::uint64_t seed, int values) {
    std::mt19937_64 random(seed);
    histogram result;
    for (int i = 0; i < values; ++i) {
        result.record(random() >> (random() % 64), 1 + random() % 1000);
    }
    return result;
}

const export_format& format_named(const std::string& name) {
    for (const export_format& each : export_formats()) {
        if (each.name == name) {
            return each;
        }
    }
    throw std::runtime_error("there is no format " + name);
}

export_source source_of(std::vector<nlohmann::json> trials) {
    for (nlohmann::json& trial : trials) {
        trial["started_at"] = "2026-01-02T03:04:05.250Z";
        trial["measured_ns"] = 1'000'000'000;
    }
    auto distributions = distributions_of(trials);
    return {{{"run_id", "20260102T030405Z-0001"}}, std::move(trials), std::move(distributions)};
}

TEST(hdr_encoding, decodes_to_the_same_counts) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const histogram values = log_uniform(seed, static_cast<int>(seed * seed));
        EXPECT_EQ(hdr::decode(hdr::encode(values)).sparse(), values.sparse()) << "seed " << seed;
    }
}

TEST(hdr_encoding, holds_the_ends_of_the_range) {
    histogram values;
    values.record(0, 1ull << 62);  // the ninth byte of a count
    values.record(2);
    values.record(~std::uint64_t{0});
    EXPECT_EQ(hdr::decode(hdr::encode(values)).sparse(), values.sparse());
    EXPECT_TRUE(hdr::decode(hdr::encode({})).empty());
}

TEST(hdr_encoding, refuses_what_is_none) {
    const std::string good = hdr::encode(log_uniform(1, 100));
    for (std::size_t length = 0; length < good.size(); ++length) {
        EXPECT_THROW(hdr::decode(good.substr(0, length)), failure) << length;
    }
    EXPECT_THROW(hdr::decode("AAAA" + good.substr(4)), failure);
    EXPECT_THROW(hdr::decode("no base64 at all"), failure);
}

TEST(base64, is_that_of_rfc_4648) {
    const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : vectors) {
        EXPECT_EQ(to_base64(bytes), text);
        EXPECT_EQ(from_base64(text), bytes);
    }
    for (const char* wrong : {"Zg", "Zg=", "Z===", "Z=g=", "Zm9v\n", "Zm9*", " Zm9"}) {
        EXPECT_EQ(from_base64(wrong), std::nullopt) << wrong;
    }
}

TEST(distribution, merges_valid_trials_of_one_benchmark_and_mode) {
    auto open = fixture::ok_trial({.samples = 10});
    open["mode"] = "open";
    const export_source source = source_of({fixture::ok_trial({.samples = 100}),
                                            fixture::ok_trial({.round = 1, .samples = 200}),
                                            fixture::invalid_trial({.round = 2}, "why"),
                                            fixture::failed_trial({.round = 3}, "why"), open});
    ASSERT_EQ(source.distributions.size(), 2u);
    EXPECT_EQ(source.distributions[0].name, "echo/asio/size:64/connections:50/workers:1");
    EXPECT_EQ(source.distributions[0].merged().count(), 300u);
    EXPECT_EQ(source.distributions[1].name, "echo/asio/size:64/connections:50/workers:1/mode:open");
    EXPECT_EQ(source.distributions[1].merged().count(), 10u);
}

TEST(distribution, reads_times) {
    EXPECT_DOUBLE_EQ(seconds_since_epoch("1970-01-02T00:00:01.5Z"), 86401.5);
    EXPECT_DOUBLE_EQ(seconds_since_epoch("2026-11-20T10:25:01Z"), 1795170301);
    for (const char* wrong : {"", "2026-11-20", "2026-11-20T10:25:01", "2026-11-20T10:25:01+01"}) {
        EXPECT_THROW(seconds_since_epoch(wrong), failure) << wrong;
    }
}

TEST(hlog, has_tags_where_there_are_several_benchmarks) {
    const auto& format = format_named("hlog");
    const std::string one = format.write(source_of({fixture::ok_trial({})}));
    EXPECT_EQ(one.find("Tag="), std::string::npos);
    EXPECT_NE(one.find("#[StartTime: 1767323045.250 (seconds since epoch), Fri Jan 02 03:04:05 UTC "
                       "2026]\n"),
              std::string::npos);
    const std::string two =
        format.write(source_of({fixture::ok_trial({}), fixture::ok_trial({.runtime = "uring"})}));
    EXPECT_NE(two.find("\nTag=echo/uring/size:64/connections:50/workers:1,0.000,1.000,0.7"),
              std::string::npos)
        << two;
}

TEST(hgrm, lists_percentiles_up_to_the_last_value) {
    const auto& format = format_named("hgrm");
    const std::string text =
        format.write(source_of({fixture::ok_trial({.latency_ns = 100, .samples = 100})}));
    // The values are 50 .. 149 ns, one each: every bucket is exact.
    EXPECT_EQ(text.find("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
                        "    0.000050 0.000000000000          1           1.00\n"
                        "    0.000059 0.100000000000         10           1.11\n"),
              0u)
        << text;
    EXPECT_NE(text.find("    0.000149 1.000000000000        100\n"
                        "#[Mean    =     0.000100, StdDeviation   =     0.000029]\n"
                        "#[Max     =     0.000149, Total count    =          100]\n"),
              std::string::npos)
        << text;
}

TEST(csv, quotes_and_leaves_absent_cells_empty) {
    const std::string text =
        format_named("csv").write(source_of({fixture::failed_trial({}, "a \"quoted\", reason")}));
    EXPECT_NE(text.find(",failed,\"a \"\"quoted\"\", reason\",,"), std::string::npos) << text;
    EXPECT_NE(text.find(",params.connections,params.size,params.workers\r\n"), std::string::npos);
    EXPECT_TRUE(text.ends_with(",50,64,1\r\n")) << text;
}

TEST(gbench, has_numbers_only) {
    auto open = fixture::ok_trial({.round = 1});
    open["mode"] = "open";
    open["metrics"]["latency_ns_mean"] = 4e5;
    auto without_cpu = fixture::ok_trial({.round = 2});
    without_cpu["metrics"]["server_cpu_ns_per_op"] = nullptr;
    auto not_finite = fixture::ok_trial({.round = 3});
    not_finite["metrics"]["pss_bytes_peak"] = std::nan("");
    const std::string text = format_named("gbench").write(
        source_of({fixture::ok_trial({}), open, without_cpu, not_finite,
                   fixture::failed_trial({.round = 4}, "it crashed")}));
    EXPECT_EQ(text.find("NaN"), std::string::npos);
    const auto entries = nlohmann::json::parse(text).at("benchmarks");
    ASSERT_EQ(entries.size(), 5u);
    EXPECT_DOUBLE_EQ(entries[0].at("real_time"), 1e4);
    EXPECT_EQ(entries[0].at("repetitions"), 5);
    EXPECT_DOUBLE_EQ(entries[1].at("real_time"), 4e5);
    EXPECT_EQ(entries[2].at("error_message"), "no CPU time or no rate was measured");
    EXPECT_FALSE(entries[3].contains("pss_bytes_peak"));
    EXPECT_EQ(entries[4].at("error_message"), "it crashed");
    EXPECT_FALSE(entries[4].contains("real_time"));
}

}  // namespace
}  // namespace regatta
