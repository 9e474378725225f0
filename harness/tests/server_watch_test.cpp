// What is read of a process from outside: memory, threads, counters.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "harness/measure/memory.hpp"
#include "harness/measure/perf_counters.hpp"
#include "harness/measure/thread_shares.hpp"

namespace regatta {
namespace {

using nlohmann::json;

constexpr const char* slabinfo =
    "slabinfo - version: 2.1\n"
    "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables\n"
    "TCPv6                 26     26   2496   13    8 : tunables 0 0 0 : slabdata 2 2 0\n"
    "TCP                  200    260   2368   13    8 : tunables 0 0 0 : slabdata 10 10 0\n"
    "sock_inode_cache     300    323    832   19    4 : tunables 0 0 0 : slabdata 17 17 0\n"
    "dentry            132574 142632    192   21    1 : tunables 0 0 0 : slabdata 6792 6792 0\n"
    "filp                 567    567    192   21    1 : tunables 0 0 0 : slabdata 27 27 0\n";

TEST(memory, socket_objects_are_what_they_take_of_their_pages) {
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    EXPECT_EQ(parse_socket_objects(slabinfo),
              200 * (8 * page / 13) + 300 * (4 * page / 19 + page / 21 + page / 21));
    EXPECT_FALSE(parse_socket_objects(""));
    EXPECT_FALSE(parse_socket_objects("TCP 1 1 1 1 1\n"));
}

TEST(memory, socket_queues_are_told_in_pages) {
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    EXPECT_EQ(parse_socket_buffers("sockets: used 13\nTCP: inuse 1 orphan 0 tw 5 alloc 1 mem 7\n"
                                   "UDP: inuse 0 mem 3\n"),
              7 * page);
    EXPECT_FALSE(parse_socket_buffers("UDP: inuse 0 mem 3\n"));
}

TEST(memory, the_cgroup_is_found_in_both_versions) {
    EXPECT_EQ(cgroup_total_files("9:name=systemd:/\n4:memory:/a/b\n0::/\n").front(),
              "/sys/fs/cgroup/memory/a/b/memory.usage_in_bytes");
    EXPECT_EQ(cgroup_total_files("0::/user.slice\n").front(),
              "/sys/fs/cgroup/user.slice/memory.current");
    EXPECT_TRUE(cgroup_total_files("3:cpu:/x\n").empty());
}

TEST(memory, a_reading_sees_threads_and_what_is_touched) {
    const memory_reading before = read_memory(::getpid());
    ASSERT_TRUE(before.anonymous && before.private_memory && before.page_tables && before.threads);
    std::atomic<bool> is_over = false;
    std::thread other([&] { is_over.wait(false); });
    // Not from the heap, which may have room that is touched already.
    constexpr std::size_t bytes = 16u << 20;
    void* const block =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(block, MAP_FAILED);
    std::memset(block, 1, bytes);
    const memory_reading after = read_memory(::getpid());
    EXPECT_FALSE(after.is_same_process_state(before));
    EXPECT_EQ(*after.threads, *before.threads + 1);
    EXPECT_GE(*after.anonymous, *before.anonymous + bytes * 9 / 10);
    EXPECT_EQ(to_json(after).at("threads"), *after.threads);
    ::munmap(block, bytes);
    is_over = true;
    is_over.notify_all();
    other.join();
    EXPECT_TRUE(to_json(read_memory(0x3ffffff)).at("pss_bytes").is_null());
}

TEST(thread_shares, a_schedstat_has_three_numbers) {
    EXPECT_EQ(parse_schedstat("500 20 7")->worked_ns, 500);
    EXPECT_EQ(parse_schedstat("500 20 7")->waited_ns, 20);
    EXPECT_EQ(parse_schedstat("0 0 0")->worked_ns, 0);
    EXPECT_FALSE(parse_schedstat(""));
    EXPECT_FALSE(parse_schedstat("12"));
}

void work_for(std::chrono::milliseconds cpu_time) {
    timespec now{};
    const auto used = [&] {
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    };
    for (const auto end = used() + cpu_time; used() < end;) {
    }
}

TEST(thread_shares, tell_who_worked_and_who_slept) {
    std::atomic<bool> is_over = false;
    std::thread sleeper([&] { is_over.wait(false); });
    const thread_meter meter(::getpid());
    work_for(std::chrono::milliseconds(100));
    // Asleep, so that the scheduler has accounted all of it.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const json found = meter.stop();
    is_over = true;
    is_over.notify_all();
    sleeper.join();
    if (found.is_null()) {
        GTEST_SKIP() << "this kernel does not count the time of threads";
    }
    EXPECT_EQ(found.at("count"), 2);
    EXPECT_EQ(found.at("each").size(), 2u);
    EXPECT_GT(found.at("worked_share").at("max").get<double>(), 0);
    EXPECT_LT(found.at("worked_share").at("min").get<double>(),
              found.at("worked_share").at("max").get<double>());
    for (const json& each : found.at("each")) {
        EXPECT_GE(each.at("slept_share").get<double>(), 0);
    }
}

TEST(thread_shares, of_many_threads_a_sample_is_taken) {
    std::atomic<bool> is_over = false;
    std::vector<std::thread> all;
    for (int i = 0; i < 99; ++i) {
        all.emplace_back([&] { is_over.wait(false); });
    }
    const thread_meter meter(::getpid());
    work_for(std::chrono::milliseconds(20));
    const json found = meter.stop();
    is_over = true;
    is_over.notify_all();
    for (std::thread& each : all) {
        each.join();
    }
    if (found.is_null()) {
        GTEST_SKIP() << "this kernel does not count the time of threads";
    }
    EXPECT_EQ(found.at("count"), 100);
    EXPECT_EQ(found.at("looked_at"), 64);
    EXPECT_TRUE(found.at("each").is_null());
}

TEST(thread_shares, a_process_that_has_ended_has_none) {
    EXPECT_TRUE(thread_meter(0x3ffffff).stop().is_null());
}

TEST(perf_meter, counts_or_says_why_not) {
    perf_meter meter(::getpid());
    meter.begin();
    work_for(std::chrono::milliseconds(5));
    const json found = meter.stop();
    for (const char* event : {"instructions", "cycles", "cache_misses", "context_switches"}) {
        if (found.at(event).is_null()) {
            EXPECT_TRUE(found.at("reason").is_string());
        } else {
            EXPECT_GE(found.at(event).get<double>(), 0);
        }
    }
    if (found.at("instructions").is_number()) {
        EXPECT_GT(found.at("instructions").get<double>(), 1000);
    }
}

TEST(perf_meter, a_process_that_has_ended_is_no_crash) {
    perf_meter meter(0x3ffffff);
    meter.begin();
    EXPECT_TRUE(meter.stop().at("reason").is_string());
}

}  // namespace
}  // namespace regatta
