// Deadlines: a task that overruns is cancelled, and its caller goes on only when it has ended.
#include "runtimes/tests/verbs/verbs.hpp"

namespace regatta::testing::verbs {
namespace {

class deadlines : public verb_test {};

TEST_F(deadlines, that_do_not_fire_change_nothing) {
    run([](worker& on) -> task<void> {
        const auto [slept] = co_await on.with_deadline(for_ever, let_others_wait(on));
        EXPECT_FALSE(slept);
        const auto [failed] = co_await on.with_deadline(for_ever, fail(EPROTO));
        EXPECT_EQ(failed.value(), EPROTO);
    });
}

TEST_F(deadlines, that_fire_give_etimedout_after_the_task_has_ended) {
    run([](worker& on) -> task<void> {
        probe sleeper;
        const auto start = std::chrono::steady_clock::now();
        const auto [failed] = co_await on.with_deadline(20ms, sleep_for_ever(on, sleeper));
        EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
        EXPECT_EQ(failed.value(), ETIMEDOUT);
        EXPECT_EQ(sleeper.last_error, ECANCELED) << "inside it is a cancellation like any other";
        EXPECT_EQ(sleeper.live, 0);
        const auto [after] = co_await on.sleep_for(1ms);
        EXPECT_FALSE(after) << "the scope ended with the task";
    });
}

TEST_F(deadlines, that_are_over_before_the_task_begins) {
    run([](worker& on) -> task<void> {
        probe sleeper;
        for (const auto duration : {0ns, -1ns}) {
            const auto [failed] = co_await on.with_deadline(duration, sleep_for_ever(on, sleeper));
            EXPECT_EQ(failed.value(), ETIMEDOUT);
        }
        EXPECT_EQ(sleeper.started, 2);
        EXPECT_EQ(sleeper.live, 0);
    });
}

task<outcome> ignore_the_cancellation(worker& on) {
    (void)co_await on.sleep_for(for_ever);
    co_return outcome{};
}

TEST_F(deadlines, task_that_succeeds_all_the_same_has_succeeded) {
    run([](worker& on) -> task<void> {
        const auto [failed] = co_await on.with_deadline(1ms, ignore_the_cancellation(on));
        EXPECT_FALSE(failed);
    });
}

TEST_F(deadlines, inner_one_fires_first) {
    run([](worker& on) -> task<void> {
        probe sleeper;
        const auto inside = [&]() -> task<outcome> {
            const auto [failed] = co_await on.with_deadline(5ms, sleep_for_ever(on, sleeper));
            EXPECT_EQ(failed.value(), ETIMEDOUT);
            const outcome slept = co_await on.sleep_for(1ms);
            co_return slept;
        };
        const auto [failed] = co_await on.with_deadline(for_ever, inside());
        EXPECT_FALSE(failed) << "the outer scope goes on";
    });
}

TEST_F(deadlines, outer_one_fires_first) {
    run([](worker& on) -> task<void> {
        probe sleeper;
        const auto inside = [&]() -> task<outcome> {
            const outcome result = co_await on.with_deadline(for_ever, sleep_for_ever(on, sleeper));
            EXPECT_EQ(result.error.value(), ECANCELED) << "not the inner deadline's doing";
            co_return result;
        };
        const auto [failed] = co_await on.with_deadline(5ms, inside());
        EXPECT_EQ(failed.value(), ETIMEDOUT);
    });
}

TEST_F(deadlines, reach_the_children_of_groups_inside) {
    run([](worker& on) -> task<void> {
        probe sleepers;
        const auto inside = [&]() -> task<outcome> {
            task_group group(on);
            for (int i = 0; i < 10; ++i) {
                group.spawn(sleep_for_ever(on, sleepers));
            }
            const outcome joined = co_await group.join();
            co_return joined;
        };
        const auto [failed] = co_await on.with_deadline(20ms, inside());
        EXPECT_EQ(failed.value(), ETIMEDOUT);
        EXPECT_EQ(sleepers.started, 10);
        EXPECT_EQ(sleepers.live, 0);
    });
}

TEST_F(deadlines, of_children_are_their_own) {
    run([](worker& on) -> task<void> {
        std::atomic<int> expired{0};
        const auto child = [&](int index) -> task<outcome> {
            probe sleeper;
            const auto duration = std::chrono::milliseconds(1 + index % 7);
            const auto [failed] = co_await on.with_deadline(duration, sleep_for_ever(on, sleeper));
            expired += failed.value() == ETIMEDOUT ? 1 : 0;
            co_return outcome{};
        };
        task_group group(on);
        for (int i = 0; i < 50; ++i) {
            group.spawn(child(i));
        }
        const auto [failed] = co_await group.join();
        EXPECT_FALSE(failed);
        EXPECT_EQ(expired, 50);
    });
}

TEST_F(deadlines, exception_passes_through) {
    run([](worker& on) -> task<void> {
        const auto throwing = [&]() -> task<outcome> {
            (void)co_await on.sleep_for(1ms);
            throw std::runtime_error("from inside");
        };
        std::string caught;
        try {
            (void)co_await on.with_deadline(for_ever, throwing());
        } catch (const std::runtime_error& failure) {
            caught = failure.what();
        }
        EXPECT_EQ(caught, "from inside");
        const auto [after] = co_await on.sleep_for(1ms);
        EXPECT_FALSE(after);
    });
}

TEST_F(deadlines, value_of_the_task_passes_through) {
    run([](worker& on) -> task<void> {
        channel<int> queue(on, 1);
        const auto take = [&]() -> task<taken<int>> {
            auto got = co_await queue.receive();
            co_return got;
        };
        (void)co_await queue.send(42);
        const auto [failed, value] = co_await on.with_deadline(for_ever, take());
        EXPECT_FALSE(failed);
        EXPECT_EQ(value, 42);
        const auto [expired, nothing] = co_await on.with_deadline(1ms, take());
        EXPECT_EQ(expired.value(), ETIMEDOUT);
        EXPECT_EQ(nothing, std::nullopt);
    });
}

}  // namespace
}  // namespace regatta::testing::verbs
