#include <cstdio>
#include <fstream>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "harness/measure/calibration.hpp"
#include "harness/measure/digest.hpp"
#include "harness/measure/machine.hpp"
#include "harness/measure/memory.hpp"
#include "harness/measure/metrics.hpp"
#include "harness/measure/proc_file.hpp"
#include "harness/plan/placement.hpp"

namespace regatta {
namespace {

TEST(memory, sees_what_is_touched) {
    const auto before = pss_bytes(::getpid());
    ASSERT_TRUE(before);
    constexpr std::size_t bytes = 128u << 20;  // beside it, what other tests share is little
    const std::vector<char> block(bytes, 1);
    const auto after = pss_bytes(::getpid());
    ASSERT_TRUE(after);
    EXPECT_GE(*after - *before, bytes * 9 / 10);
    EXPECT_GE(*rss_bytes_peak(::getpid()), bytes);
    EXPECT_EQ(block[bytes - 1], 1);
    EXPECT_FALSE(pss_bytes(0x3ffffff));
}

TEST(proc_file, finds_labels_only_at_the_start_of_lines) {
    EXPECT_EQ(labelled_number("Rss: 5 kB\nPss_Dirty: 6 kB\nPss:   7 kB\n", "Pss:"), 7u);
    EXPECT_EQ(labelled_number("Pss: 3 kB", "Pss:"), 3u);
    EXPECT_FALSE(labelled_number("SwapPss: 3 kB", "Pss:"));
    EXPECT_FALSE(labelled_number("Pss:", "Pss:"));
}

TEST(digest, is_sha_256) {
    EXPECT_EQ(sha256_of_text("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const std::string path = testing::TempDir() + "digest_test." + std::to_string(::getpid());
    std::ofstream(path) << std::string(200'000, 'a');
    EXPECT_EQ(sha256_of_file(path), sha256_of_text(std::string(200'000, 'a')));
    std::remove(path.c_str());
    EXPECT_FALSE(sha256_of_file(path));
    EXPECT_FALSE(sha256_of_file(testing::TempDir()));
}

TEST(calibration, is_near_what_processors_do_and_leaves_the_affinity) {
    const auto before = usable_cpus();
    const std::int64_t rounds = calibrate_rounds_per_us(before.front());
    // A round is a dependent shift, xor, multiplication and addition: 6 cycles or a few more.
    EXPECT_GE(rounds, 1);
    EXPECT_LE(rounds, 2'000);
    EXPECT_EQ(usable_cpus(), before);
}

TEST(machine, has_a_stable_fingerprint) {
    const nlohmann::json first = machine_record();
    EXPECT_EQ(first.at("fingerprint"), machine_record().at("fingerprint"));
    EXPECT_EQ(first.at("fingerprint").get<std::string>().size(), 16u);
    EXPECT_GE(first.at("cpus_online").get<int>(), 1);
    EXPECT_EQ(first.at("perf_counters").get<bool>(), first.at("perf_counters_reason").is_null());
    EXPECT_NE(machine_sentence(first).find("CPUs"), std::string::npos);
}

TEST(metrics, percentiles_need_samples) {
    histogram latency;
    nlohmann::json metrics = empty_metrics();
    set_latency_metrics(metrics, {latency, 0, {}});
    EXPECT_TRUE(metrics.at("latency_ns_max").is_null());
    for (int i = 0; i < 1'000; ++i) {
        latency.record(100);
    }
    set_latency_metrics(metrics, {latency, 0, {}});
    EXPECT_EQ(metrics.at("latency_ns_p90"), 100);
    EXPECT_TRUE(metrics.at("latency_ns_p99").is_null());
    EXPECT_EQ(metrics.at("latency_ns_max"), 100);
}

}  // namespace
}  // namespace regatta
