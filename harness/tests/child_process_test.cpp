#include <csignal>

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include "harness/failure.hpp"
#include "harness/server/conversation.hpp"
#include "harness/server/interrupt.hpp"

namespace regatta {
namespace {

using namespace std::chrono_literals;

/// Far more than anything here takes: it bounds a hanging test, and nothing depends on its length.
constexpr auto long_enough = 60s;

clock_type::time_point later() {
    return clock_type::now() + long_enough;
}

child_options shell(const std::string& script) {
    return {{"sh", "-c", script}, {}, {}};
}

void wait_for_end(child_process& child) {
    ASSERT_EQ(wait_until({&child}, later(), true, [&] { return child.has_ended(); }),
              wait_result::satisfied);
}

std::string why(child_process& child, std::string_view event, clock_type::time_point deadline) {
    try {
        await_event({child, "it"}, event, deadline);
    } catch (const trial_failure& error) {
        return error.what();
    }
    return "";
}

TEST(child_process, hands_over_lines_and_the_end) {
    child_process child(shell("read x; echo got $x; printf tail; echo oops >&2; exit 3"));
    EXPECT_TRUE(child.write_line("word"));
    wait_for_end(child);
    EXPECT_EQ(child.next_line(), "got word");
    EXPECT_EQ(child.next_line(), "tail");
    EXPECT_FALSE(child.next_line());
    EXPECT_EQ(child.ending().exit_status, 3);
    EXPECT_EQ(child.last_error_line(), "oops");
    EXPECT_FALSE(child.write_line("nobody listens"));
}

TEST(child_process, runs_in_its_folder_on_its_cpus) {
    cpu_set_t set;
    ASSERT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
    int cpu = 0;
    while (!CPU_ISSET(cpu, &set)) {
        ++cpu;
    }
    child_process child(
        {{"sh", "-c", "pwd; grep Cpus_allowed_list /proc/self/status"}, "/", {cpu}});
    wait_for_end(child);
    EXPECT_EQ(child.next_line(), "/");
    EXPECT_EQ(child.next_line(), "Cpus_allowed_list:\t" + std::to_string(cpu));
}

TEST(child_process, cannot_start_what_is_not_there) {
    try {
        child_process child({{"/no/such/program"}, {}, {}});
        FAIL();
    } catch (const failure& error) {
        EXPECT_STREQ(error.what(), "cannot start /no/such/program: No such file or directory");
    }
    EXPECT_THROW(child_process({{"sh"}, "/no/such/folder", {}}), failure);
}

TEST(child_process, ends_with_its_group) {
    pid_t grandchild = 0;
    {
        child_process child(shell("sleep 1000 & echo $!; exec sleep 1000"));
        wait_until({&child}, later(), true, [&] { return child.has_line(); });
        grandchild = std::stoi(*child.next_line());
        ASSERT_EQ(::kill(grandchild, 0), 0);
    }
    // It has lost its parent, so init reaps it: a zombie still counts as present for a moment.
    for (int i = 0; i < 6000 && ::kill(grandchild, 0) == 0; ++i) {
        ::usleep(10'000);
    }
    EXPECT_NE(::kill(grandchild, 0), 0);
}

TEST(child_process, a_program_that_leaves_its_output_open_has_ended_all_the_same) {
    child_process child(shell("echo last; sleep 1000 & exit 0"));
    wait_for_end(child);
    EXPECT_EQ(child.next_line(), "last");
    EXPECT_TRUE(child.ending().is_success());
}

TEST(child_process, endless_output_does_not_fill_memory) {
    child_process child(shell("while :; do echo x; done"));
    wait_until({&child}, later(), true, [&] { return child.has_line(); });
    wait_until({&child}, clock_type::now() + 50ms, true, [] { return false; });
    int lines = 0;
    while (child.next_line()) {
        ++lines;
    }
    // One read may go over the limit of 1,000 by what it held.
    EXPECT_LE(lines, 1'000 + 65'536 / 2);
    child.kill();
    EXPECT_EQ(child.ending().signal, SIGKILL);
}

TEST(conversation, takes_the_line_that_is_due) {
    child_process child(shell("echo '{\"event\":\"ready\",\"port\":5}'; exec sleep 1000"));
    EXPECT_EQ(await_event({child, "it"}, "ready", later()).at("port"), 5);
}

TEST(conversation, says_what_went_wrong) {
    child_process rubbish(shell("echo hello; sleep 1000"));
    EXPECT_EQ(why(rubbish, "ready", later()),
              "it printed no JSON object where the ready line was due: hello");
    child_process other(shell("echo '{\"event\":\"done\"}'; sleep 1000"));
    EXPECT_EQ(why(other, "ready", later()),
              "it printed another line where the ready line was due: {\"event\":\"done\"}");
    child_process error(shell(
        "echo '{\"event\":\"error\",\"reason\":\"port in use\",\"hint\":\"choose another\"}'"));
    EXPECT_EQ(why(error, "ready", later()), "it: port in use (choose another)");
    child_process crash(shell("echo last words >&2; kill -SEGV $$"));
    EXPECT_EQ(why(crash, "ready", later()),
              "it ended with signal 11 (Segmentation fault) ('last words') before the ready line");
    child_process silent(shell("sleep 1000"));
    const std::string waited = why(silent, "ready", clock_type::now());  // 0.0 s, or a bit more
    EXPECT_TRUE(waited.starts_with("it printed no ready line within ") && waited.ends_with(" s"))
        << waited;
}

TEST(conversation, the_others_end_is_the_reason) {
    child_process speaker_process(shell("exec sleep 1000"));
    child_process other_process(shell("exit 7"));
    const speaker other{other_process, "the server"};
    try {
        await_event({speaker_process, "the generator"}, "result", later(), &other);
        FAIL();
    } catch (const trial_failure& error) {
        EXPECT_STREQ(error.what(), "the server ended with exit status 7 before the result line");
    }
}

TEST(interrupt, cuts_a_wait_short_and_not_the_stopping) {
    const interrupt_guard guard;
    child_process child(shell("exec sleep 1000"));
    EXPECT_FALSE(is_interrupted());
    ::raise(SIGINT);
    EXPECT_TRUE(is_interrupted());
    EXPECT_EQ(interrupted_status(), 130);
    EXPECT_THROW(wait_until({&child}, later(), true, [] { return false; }), interrupted);
    EXPECT_EQ(wait_until({&child}, clock_type::now() + 1ms, false, [] { return false; }),
              wait_result::deadline);
}

}  // namespace
}  // namespace regatta
