// Groups: children end together, the first failure cancels the rest, nothing outlives its group.
#include "runtimes/tests/verbs/verbs.hpp"

namespace regatta::testing::verbs {
namespace {

class groups : public verb_test {};

task<outcome> count_up(worker& on, std::atomic<int>& count) {
    co_await on.yield();
    ++count;
    co_return outcome{};
}

TEST_F(groups, join_waits_for_all_children) {
    run([](worker& on) -> task<void> {
        std::atomic<int> count{0};
        task_group group(on);
        for (int i = 0; i < 100; ++i) {
            group.spawn(count_up(on, count));
        }
        const auto [failed] = co_await group.join();
        EXPECT_FALSE(failed);
        EXPECT_EQ(count, 100);
    });
}

TEST_F(groups, empty_group_joins_at_once) {
    run([](worker& on) -> task<void> {
        task_group group(on);
        const auto [failed] = co_await group.join();
        EXPECT_FALSE(failed);
    });
}

TEST_F(groups, group_that_nobody_used_need_not_be_joined) {
    run([](worker& on) -> task<void> {
        const task_group group(on);
        co_await on.yield();
    });
}

TEST_F(groups, group_serves_again_after_a_join) {
    run([](worker& on) -> task<void> {
        std::atomic<int> count{0};
        task_group group(on);
        for (int round = 1; round <= 5; ++round) {
            group.spawn(count_up(on, count));
            const auto [failed] = co_await group.join();
            EXPECT_FALSE(failed);
            EXPECT_EQ(count, round);
        }
    });
}

TEST_F(groups, first_failure_cancels_the_siblings_and_is_the_groups) {
    run([](worker& on) -> task<void> {
        probe sleepers;
        task_group group(on);
        for (int i = 0; i < 10; ++i) {
            group.spawn(sleep_for_ever(on, sleepers));
        }
        group.spawn(fail_later(on, EPROTO));
        const auto [failed] = co_await group.join();
        EXPECT_EQ(failed.value(), EPROTO);
        EXPECT_EQ(sleepers.started, 10);
        EXPECT_EQ(sleepers.live, 0);
        EXPECT_EQ(sleepers.last_error, ECANCELED);
    });
}

TEST_F(groups, child_that_fails_at_once) {
    run([](worker& on) -> task<void> {
        probe sleepers;
        task_group group(on);
        group.spawn(fail(EPROTO));
        group.spawn(sleep_for_ever(on, sleepers));
        const auto [failed] = co_await group.join();
        EXPECT_EQ(failed.value(), EPROTO);
        EXPECT_EQ(sleepers.last_error, ECANCELED) << "spawned into a cancelled group";
    });
}

TEST_F(groups, cancel_ends_all_children) {
    run([](worker& on) -> task<void> {
        probe sleepers;
        task_group group(on);
        for (int i = 0; i < 10; ++i) {
            group.spawn(sleep_for_ever(on, sleepers));
        }
        (void)co_await let_others_wait(on);
        group.cancel();
        const auto [failed] = co_await group.join();
        EXPECT_EQ(failed.value(), ECANCELED);
        EXPECT_EQ(sleepers.live, 0);
    });
}

task<outcome> throw_later(worker& on) {
    (void)co_await let_others_wait(on);
    throw std::runtime_error("from a child");
}

TEST_F(groups, exception_of_a_child_cancels_the_siblings_and_reaches_the_join) {
    run([](worker& on) -> task<void> {
        probe sleepers;
        std::string caught;
        task_group group(on);
        group.spawn(sleep_for_ever(on, sleepers));
        group.spawn(throw_later(on));
        try {
            (void)co_await group.join();
        } catch (const std::runtime_error& failure) {
            caught = failure.what();
        }
        EXPECT_EQ(caught, "from a child");
        EXPECT_EQ(sleepers.last_error, ECANCELED);
    });
}

task<outcome> tree(worker& on, probe& leaves, int depth) {
    if (depth == 0) {
        const outcome slept = co_await sleep_for_ever(on, leaves);
        co_return slept;
    }
    task_group group(on);
    for (int i = 0; i < 3; ++i) {
        group.spawn(tree(on, leaves, depth - 1));
    }
    const outcome joined = co_await group.join();
    co_return joined;
}

TEST_F(groups, cancellation_reaches_groups_inside) {
    run([](worker& on) -> task<void> {
        probe leaves;
        task_group group(on);
        group.spawn(tree(on, leaves, 3));
        group.spawn(fail_later(on, EPROTO));
        const auto [failed] = co_await group.join();
        EXPECT_EQ(failed.value(), EPROTO);
        EXPECT_EQ(leaves.live, 0);
        EXPECT_EQ(leaves.last_error, ECANCELED);
    });
}

// The group inside fails; its parent turns that into a success.
task<outcome> forgive(worker& on) {
    task_group inner(on);
    inner.spawn(fail_later(on, EPROTO));
    const auto [failed] = co_await inner.join();
    EXPECT_EQ(failed.value(), EPROTO);
    // The failure inside has cancelled nothing out here.
    const outcome slept = co_await on.sleep_for(1ms);
    co_return slept;
}

TEST_F(groups, failure_inside_stays_inside_unless_it_is_passed_on) {
    run([](worker& on) -> task<void> {
        task_group outer(on);
        outer.spawn(forgive(on));
        outer.spawn(forgive(on));
        const auto [failed] = co_await outer.join();
        EXPECT_FALSE(failed);
    });
}

TEST_F(groups, scope_ends_with_the_child) {
    run([](worker& on) -> task<void> {
        for (int i = 0; i < 3; ++i) {
            task_group group(on);
            group.spawn(fail(EPROTO));
            group.spawn(fail_later(on, EPROTO));
            (void)co_await group.join();
            const auto [failed] = co_await on.sleep_for(1ms);
            EXPECT_FALSE(failed) << "a task outside is not cancelled";
        }
    });
}

TEST_F(groups, unjoined_group_ends_the_program_with_a_line) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto leave_unjoined = [] {
        run([](worker& on) -> task<void> {
            task_group group(on);
            group.spawn(succeed());
            co_await on.yield();
        });
    };
    EXPECT_DEATH(leave_unjoined(), "destroyed before it was joined");
}

TEST_F(groups, with_task_group_joins_what_its_body_spawns) {
    run([](worker& on) -> task<void> {
        std::atomic<int> count{0};
        const auto body = [&](task_group& group) -> task<outcome> {
            for (int i = 0; i < 10; ++i) {
                group.spawn(count_up(on, count));
            }
            co_return outcome{};
        };
        const auto [failed] = co_await with_task_group(on, body);
        EXPECT_FALSE(failed);
        EXPECT_EQ(count, 10);
    });
}

TEST_F(groups, body_that_fails_or_throws_cancels_the_children) {
    run([](worker& on) -> task<void> {
        probe sleepers;
        const auto failing = [&](task_group& group) -> task<outcome> {
            group.spawn(sleep_for_ever(on, sleepers));
            co_return outcome{io_error(EPROTO)};
        };
        const auto [failed] = co_await with_task_group(on, failing);
        EXPECT_EQ(failed.value(), EPROTO);

        std::string caught;
        const auto throwing = [&](task_group& group) -> task<outcome> {
            group.spawn(sleep_for_ever(on, sleepers));
            co_await on.yield();
            throw std::runtime_error("from the body");
        };
        try {
            (void)co_await with_task_group(on, throwing);
        } catch (const std::runtime_error& failure) {
            caught = failure.what();
        }
        EXPECT_EQ(caught, "from the body");
        EXPECT_EQ(sleepers.started, 2);
        EXPECT_EQ(sleepers.live, 0);
    });
}

TEST_F(groups, failing_child_cancels_the_body) {
    run([](worker& on) -> task<void> {
        probe sleepers;
        const auto body = [&](task_group& group) -> task<outcome> {
            group.spawn(fail_later(on, EPROTO));
            const outcome slept = co_await sleep_for_ever(on, sleepers);
            co_return slept;
        };
        const auto [failed] = co_await with_task_group(on, body);
        EXPECT_EQ(failed.value(), EPROTO);
        EXPECT_EQ(sleepers.last_error, ECANCELED);
        const auto [after] = co_await on.sleep_for(1ms);
        EXPECT_FALSE(after);
    });
}

}  // namespace
}  // namespace regatta::testing::verbs
