// Channels and semaphores: first come, first served; a full one makes the sender wait; a wait that
// is cancelled takes nothing away.
#include "runtimes/tests/verbs/verbs.hpp"

namespace regatta::testing::verbs {
namespace {

class channels : public verb_test {};

TEST_F(channels, values_come_out_in_order_through_any_capacity) {
    for (const std::size_t capacity : {0, 1, 2, 16, 1024}) {
        run([capacity](worker& on) -> task<void> {
            channel<int> queue(on, capacity);
            const auto produce = [&]() -> task<outcome> {
                for (int i = 0; i < 1000; ++i) {
                    const auto [failed] = co_await queue.send(i);
                    EXPECT_FALSE(failed);
                }
                queue.close();
                co_return outcome{};
            };
            task_group group(on);
            group.spawn(produce());
            int expected = 0;
            for (;;) {
                const auto [failed, value] = co_await queue.receive();
                if (failed || !value) {
                    EXPECT_FALSE(failed);
                    break;
                }
                EXPECT_EQ(*value, expected);
                ++expected;
            }
            EXPECT_EQ(expected, 1000);
            (void)co_await group.join();
        });
    }
}

TEST_F(channels, sender_waits_while_the_channel_is_full) {
    run([](worker& on) -> task<void> {
        channel<int> queue(on, 4);
        std::atomic<int> sent{0};
        const auto produce = [&]() -> task<outcome> {
            for (int i = 0; i < 20; ++i) {
                (void)co_await queue.send(i);
                ++sent;
            }
            co_return outcome{};
        };
        task_group group(on);
        group.spawn(produce());
        for (int taken = 0; taken < 20; ++taken) {
            (void)co_await let_others_wait(on);
            EXPECT_LE(sent, taken + 4) << "never more than the capacity ahead";
            const auto [failed, value] = co_await queue.receive();
            EXPECT_EQ(value, taken);
        }
        (void)co_await group.join();
        EXPECT_EQ(sent, 20);
    });
}

TEST_F(channels, waiting_senders_are_served_in_the_order_in_which_they_came) {
    if (is_parallel()) {
        GTEST_SKIP() << "the order in which threads begin to wait is theirs";
    }
    run([](worker& on) -> task<void> {
        channel<int> queue(on, 1);
        const auto produce = [&](int value) -> task<outcome> {
            const outcome sent = co_await queue.send(value);
            co_return sent;
        };
        task_group group(on);
        for (int i = 0; i < 10; ++i) {
            group.spawn(produce(i));
        }
        (void)co_await let_others_wait(on);
        for (int i = 0; i < 10; ++i) {
            const auto [failed, value] = co_await queue.receive();
            EXPECT_EQ(value, i);
        }
        (void)co_await group.join();
    });
}

TEST_F(channels, waiting_receivers_are_served_in_the_order_in_which_they_came) {
    if (is_parallel()) {
        GTEST_SKIP() << "the order in which threads begin to wait is theirs";
    }
    run([](worker& on) -> task<void> {
        channel<int> queue(on, 1);
        std::vector<std::pair<int, int>> taken_by;
        const auto consume = [&](int index) -> task<outcome> {
            const auto [failed, value] = co_await queue.receive();
            taken_by.emplace_back(index, value.value_or(-1));
            co_return outcome{failed};
        };
        task_group group(on);
        for (int i = 0; i < 10; ++i) {
            group.spawn(consume(i));
        }
        (void)co_await let_others_wait(on);
        for (int i = 0; i < 10; ++i) {
            (void)co_await queue.send(i);
        }
        (void)co_await group.join();
        std::ranges::sort(taken_by);
        for (int i = 0; i < 10; ++i) {
            EXPECT_EQ(taken_by[static_cast<std::size_t>(i)], std::pair(i, i));
        }
    });
}

TEST_F(channels, many_senders_and_receivers_lose_and_double_nothing) {
    run([](worker& on) -> task<void> {
        constexpr int tasks = 8;
        constexpr int each = 500;
        channel<int> queue(on, 3);
        std::atomic<long> sum{0};
        std::atomic<int> count{0};
        const auto produce = [&](int first) -> task<outcome> {
            for (int i = 0; i < each; ++i) {
                (void)co_await queue.send(first + i);
            }
            co_return outcome{};
        };
        const auto consume = [&]() -> task<outcome> {
            for (;;) {
                const auto [failed, value] = co_await queue.receive();
                if (failed || !value) {
                    co_return outcome{failed};
                }
                sum += *value;
                ++count;
            }
        };
        task_group producers(on);
        task_group consumers(on);
        for (int i = 0; i < tasks; ++i) {
            consumers.spawn(consume());
            producers.spawn(produce(i * each));
        }
        (void)co_await producers.join();
        queue.close();
        const auto [failed] = co_await consumers.join();
        EXPECT_FALSE(failed);
        EXPECT_EQ(count, tasks * each);
        EXPECT_EQ(sum, long{tasks * each} * (tasks * each - 1) / 2);
    });
}

TEST_F(channels, close_wakes_all_and_leaves_what_was_sent) {
    run([](worker& on) -> task<void> {
        channel<std::string> queue(on, 2);
        channel<std::string> empty(on, 2);
        std::atomic<int> refused{0};
        std::atomic<int> ended{0};
        const auto produce = [&]() -> task<outcome> {
            const auto [failed] = co_await queue.send("late");
            refused += failed.value() == EPIPE ? 1 : 0;
            co_return outcome{};
        };
        const auto consume = [&]() -> task<outcome> {
            const auto [failed, value] = co_await empty.receive();
            ended += !failed && !value ? 1 : 0;
            co_return outcome{};
        };
        (void)co_await queue.send("first");
        (void)co_await queue.send("second");
        task_group group(on);
        for (int i = 0; i < 3; ++i) {
            group.spawn(produce());
            group.spawn(consume());
        }
        (void)co_await let_others_wait(on);
        queue.close();
        empty.close();
        (void)co_await group.join();
        EXPECT_EQ(refused, 3);
        EXPECT_EQ(ended, 3);
        const auto [failed, first] = co_await queue.receive();
        EXPECT_EQ(first, "first");
        const auto [failed_too, second] = co_await queue.receive();
        EXPECT_EQ(second, "second");
        const auto [failed_not, nothing] = co_await queue.receive();
        EXPECT_FALSE(failed_not);
        EXPECT_EQ(nothing, std::nullopt);
        const auto [sent] = co_await queue.send("after");
        EXPECT_EQ(sent.value(), EPIPE);
    });
}

TEST_F(channels, cancelled_waits_put_nothing_in_and_take_nothing_out) {
    run([](worker& on) -> task<void> {
        channel<int> queue(on, 1);
        const auto produce = [&](int value) -> task<outcome> {
            const outcome sent = co_await queue.send(value);
            EXPECT_EQ(sent.error.value(), ECANCELED);
            co_return sent;
        };
        const auto consume = [&]() -> task<outcome> {
            const auto [failed, value] = co_await queue.receive();
            EXPECT_EQ(failed.value(), ECANCELED);
            EXPECT_EQ(value, std::nullopt);
            co_return outcome{failed};
        };
        {
            task_group consumers(on);
            consumers.spawn(consume());
            consumers.spawn(consume());
            consumers.spawn(fail_later(on, EPROTO));
            (void)co_await consumers.join();
        }
        (void)co_await queue.send(1);
        {
            task_group producers(on);
            producers.spawn(produce(2));
            producers.spawn(produce(3));
            producers.spawn(fail_later(on, EPROTO));
            (void)co_await producers.join();
        }
        const auto [failed, value] = co_await queue.receive();
        EXPECT_EQ(value, 1);
        (void)co_await queue.send(4);
        const auto [failed_not, next] = co_await queue.receive();
        EXPECT_EQ(next, 4);
    });
}

TEST_F(channels, carry_what_can_only_be_moved) {
    run([](worker& on) -> task<void> {
        channel<std::unique_ptr<int>> queue(on, 1);
        (void)co_await queue.send(std::make_unique<int>(7));
        auto [failed, value] = co_await queue.receive();
        EXPECT_EQ(**value, 7);
    });
}

class semaphores : public verb_test {};

TEST_F(semaphores, let_no_more_in_than_they_have_permits) {
    for (const int permits : {1, 2, 8}) {
        run([permits](worker& on) -> task<void> {
            semaphore gate(on, static_cast<std::size_t>(permits));
            std::atomic<int> inside{0};
            std::atomic<int> most{0};
            const auto visit = [&]() -> task<outcome> {
                for (int i = 0; i < 20; ++i) {
                    (void)co_await gate.acquire();
                    const int now = ++inside;
                    int before = most;
                    while (now > before && !most.compare_exchange_weak(before, now)) {
                    }
                    co_await on.yield();
                    --inside;
                    gate.release();
                }
                co_return outcome{};
            };
            task_group group(on);
            for (int i = 0; i < 16; ++i) {
                group.spawn(visit());
            }
            (void)co_await group.join();
            EXPECT_LE(most, permits);
            EXPECT_EQ(inside, 0);
        });
    }
}

TEST_F(semaphores, serve_in_the_order_of_asking) {
    if (is_parallel()) {
        GTEST_SKIP() << "the order in which threads begin to wait is theirs";
    }
    run([](worker& on) -> task<void> {
        semaphore gate(on, 0);
        std::vector<int> order;
        const auto wait = [&](int index) -> task<outcome> {
            const outcome got = co_await gate.acquire();
            order.push_back(index);
            co_return got;
        };
        task_group group(on);
        for (int i = 0; i < 10; ++i) {
            group.spawn(wait(i));
        }
        (void)co_await let_others_wait(on);
        for (int i = 0; i < 10; ++i) {
            gate.release();
            (void)co_await let_others_wait(on);
            EXPECT_EQ(order.size(), static_cast<std::size_t>(i) + 1);
        }
        (void)co_await group.join();
        EXPECT_TRUE(std::ranges::is_sorted(order));
    });
}

TEST_F(semaphores, cancelled_wait_takes_no_permit) {
    run([](worker& on) -> task<void> {
        semaphore gate(on, 1);
        (void)co_await gate.acquire();
        const auto wait = [&]() -> task<outcome> {
            const outcome got = co_await gate.acquire();
            EXPECT_EQ(got.error.value(), ECANCELED);
            co_return got;
        };
        task_group group(on);
        group.spawn(wait());
        group.spawn(wait());
        group.spawn(fail_later(on, EPROTO));
        (void)co_await group.join();
        gate.release();
        const auto [failed] = co_await gate.acquire();
        EXPECT_FALSE(failed) << "the permit went to nobody else";
        gate.release();
    });
}

}  // namespace
}  // namespace regatta::testing::verbs
