// What stands in the way of more threads is found where the system keeps it.
#include <unistd.h>

#include <fstream>

#include "runtimes/support/limits.hpp"
#include "runtimes/tests/conformance.hpp"

namespace regatta::testing {
namespace {

/// A tree of cgroups as the kernel shows it, in a folder of its own.
class cgroups : public ::testing::Test {
protected:
    cgroups() { std::filesystem::create_directories(mounted_); }
    ~cgroups() override { std::filesystem::remove_all(mounted_); }

    void set(const std::string& cgroup, const std::string& pids_max) const {
        std::filesystem::create_directories(mounted_ + cgroup);
        std::ofstream(mounted_ + cgroup + "/pids.max") << pids_max << '\n';
    }

    const std::string mounted_ =
        std::filesystem::temp_directory_path() / ("regatta_cgroups_" + std::to_string(::getpid()));
};

TEST_F(cgroups, limit_is_the_tightest_on_the_way_up) {
    set("/slice", "500");
    set("/slice/service", "max");
    set("/slice/service/inner", "700");
    set("/other", "3");
    const auto limit = cgroup_task_limit("0::/slice/service/inner\n", mounted_);
    ASSERT_TRUE(limit);
    EXPECT_EQ(limit->tasks, 500u);
    EXPECT_EQ(limit->file, mounted_ + "/slice/pids.max");
}

TEST_F(cgroups, first_version_keeps_it_with_its_controller) {
    set("/pids/box", "90");
    set("/box", "4");
    const auto limit = cgroup_task_limit("4:memory:/box\n3:pids:/box\n", mounted_);
    ASSERT_TRUE(limit);
    EXPECT_EQ(limit->tasks, 90u);
}

TEST_F(cgroups, container_sees_its_own_as_the_outermost) {
    set("", "40");
    const auto limit = cgroup_task_limit("0::/\n", mounted_);
    ASSERT_TRUE(limit);
    EXPECT_EQ(limit->tasks, 40u);
    EXPECT_EQ(limit->file, mounted_ + "/pids.max");
}

TEST_F(cgroups, none_is_told_as_none) {
    set("/slice", "max");
    EXPECT_FALSE(cgroup_task_limit("0::/slice\n", mounted_));
    EXPECT_FALSE(cgroup_task_limit("0::/\n3:pids:/\n", mounted_));
    EXPECT_FALSE(cgroup_task_limit("", mounted_));
}

TEST(limits, hint_names_each_limit_on_threads) {
    const std::string hint = limits_in_the_way();
    for (const char* each : {"kernel.pid_max = ", "kernel.threads-max = ", "vm.max_map_count = ",
                             "ulimit -u ", "ulimit -v ", "ulimit -n "}) {
        EXPECT_NE(hint.find(each), std::string::npos) << each << " is not in: " << hint;
    }
}

}  // namespace
}  // namespace regatta::testing
