// Offloading: a function that blocks holds up nobody but the task that waits for it.
#include <future>

#include "runtimes/tests/verbs/verbs.hpp"

namespace regatta::testing::verbs {
namespace {

class offloading : public verb_test {
protected:
    void SetUp() override {
        verb_test::SetUp();
        threads_before_ = threads();
    }
    void TearDown() override {
        EXPECT_TRUE(eventually([&] { return threads() <= threads_before_; }))
            << "the pool ends with its last worker";
    }
    std::size_t threads_before_ = 0;
};

TEST_F(offloading, gives_the_value_of_the_function) {
    run([](worker& on) -> task<void> {
        const auto [failed, value] = co_await on.offload([] { return std::string("done"); });
        EXPECT_FALSE(failed);
        EXPECT_EQ(value, "done");
        bool has_run = false;
        const auto [failed_not] = co_await on.offload([&] { has_run = true; });
        EXPECT_FALSE(failed_not);
        EXPECT_TRUE(has_run);
        auto [failed_neither, moved] = co_await on.offload([] { return std::make_unique<int>(3); });
        EXPECT_EQ(**moved, 3);
    });
}

TEST_F(offloading, rethrows_what_the_function_throws) {
    run([](worker& on) -> task<void> {
        std::string caught;
        try {
            (void)co_await on.offload([]() -> int { throw std::runtime_error("from afar"); });
        } catch (const std::runtime_error& failure) {
            caught = failure.what();
        }
        EXPECT_EQ(caught, "from afar");
    });
}

TEST_F(offloading, task_goes_on_where_it_was) {
    run([](worker& on) -> task<void> {
        const auto here = std::this_thread::get_id();
        for (int i = 0; i < 100; ++i) {
            (void)co_await on.offload([] { std::this_thread::yield(); });
            EXPECT_EQ(std::this_thread::get_id(), here);
        }
    });
}

TEST_F(offloading, others_run_while_a_function_blocks) {
    run([](worker& on) -> task<void> {
        std::promise<void> gate;
        const auto block = [&]() -> task<outcome> {
            const auto [failed] = co_await on.offload([&] { gate.get_future().wait(); });
            co_return outcome{failed};
        };
        task_group group(on);
        group.spawn(block());
        (void)co_await let_others_wait(on);
        gate.set_value();
        const auto [failed] = co_await group.join();
        EXPECT_FALSE(failed);
    });
}

TEST_F(offloading, thousand_functions_all_come_back) {
    run([](worker& on) -> task<void> {
        std::atomic<int> sum{0};
        const auto add = [&](int value) -> task<outcome> {
            const auto [failed, doubled] = co_await on.offload([value] { return 2 * value; });
            sum += doubled.value_or(0);
            co_return outcome{failed};
        };
        task_group group(on);
        for (int i = 0; i < 1000; ++i) {
            group.spawn(add(i));
        }
        const auto [failed] = co_await group.join();
        EXPECT_FALSE(failed);
        EXPECT_EQ(sum, 999'000);
    });
}

TEST_F(offloading, cancelled_wait_for_a_running_function_ends_when_that_has_ended) {
    run([](worker& on) -> task<void> {
        std::promise<void> begun;
        std::promise<void> gate;
        std::atomic<bool> has_ended{false};
        const auto wait = [&]() -> task<outcome> {
            const auto [failed, value] = co_await on.offload([&] {
                begun.set_value();
                gate.get_future().wait();
                has_ended = true;
                return 5;
            });
            EXPECT_TRUE(has_ended);
            EXPECT_EQ(value, 5) << "what was computed is not lost";
            co_return outcome{failed};
        };
        task_group group(on);
        group.spawn(wait());
        (void)co_await let_others_wait(on);
        begun.get_future().wait();
        group.cancel();
        (void)co_await let_others_wait(on);
        EXPECT_FALSE(has_ended);
        gate.set_value();
        const auto [failed] = co_await group.join();
        EXPECT_EQ(failed.value(), is_parallel() ? 0 : ECANCELED)
            << "on a thread of its own a function is no wait";
    });
}

TEST_F(offloading, function_that_is_cancelled_before_it_begins_never_runs) {
    if (is_parallel()) {
        GTEST_SKIP() << "the function runs in place: it is never queued";
    }
    run([](worker& on) -> task<void> {
        std::promise<void> gate;
        const std::shared_future<void> opened(gate.get_future());
        std::atomic<int> ran{0};
        const auto block = [&]() -> task<outcome> {
            (void)co_await on.offload([&] { opened.wait(); });
            co_return outcome{};
        };
        const auto queue = [&]() -> task<outcome> {
            const auto [failed, value] = co_await on.offload([&] { return ++ran; });
            EXPECT_EQ(failed.value(), ECANCELED);
            EXPECT_EQ(value, std::nullopt);
            co_return outcome{failed};
        };
        task_group blockers(on);
        blockers.spawn(block());
        blockers.spawn(block());  // as many as the pool has threads
        task_group queued(on);
        for (int i = 0; i < 10; ++i) {
            queued.spawn(queue());
        }
        (void)co_await let_others_wait(on);
        queued.cancel();
        const auto [failed] = co_await queued.join();
        EXPECT_EQ(failed.value(), ECANCELED);
        EXPECT_EQ(ran, 0);
        gate.set_value();
        (void)co_await blockers.join();
    });
}

TEST_F(offloading, inside_a_cancelled_scope_nothing_runs) {
    run([](worker& on) -> task<void> {
        std::atomic<int> ran{0};
        const auto late = [&]() -> task<outcome> {
            (void)co_await on.sleep_for(for_ever);
            const auto [failed] = co_await on.offload([&] { ++ran; });
            EXPECT_EQ(failed.value(), ECANCELED);
            co_return outcome{failed};
        };
        const auto [failed] = co_await on.with_deadline(5ms, late());
        EXPECT_EQ(failed.value(), ETIMEDOUT);
        EXPECT_EQ(ran, 0);
    });
}

}  // namespace
}  // namespace regatta::testing::verbs
