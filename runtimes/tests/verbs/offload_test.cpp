// Offloading: a function that blocks holds up nobody but the task that waits for it.
#include <sched.h>
#include <sys/syscall.h>

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

TEST_F(offloading, worker_may_go_as_soon_as_its_last_answer_came) {
    std::promise<void> is_here;
    std::promise<void> may_go;
    std::thread keeper([&] {  // of the pool, whose threads the other workers' ends do not wait for
        run([&](worker& on) -> task<void> {
            (void)co_await on.offload([] {});
            is_here.set_value();
            may_go.get_future().wait();
        });
    });
    is_here.get_future().wait();
    for (int i = 0; i < 200; ++i) {
        run([&](worker& on) -> task<void> {
            const auto [failed, value] = co_await on.offload([i] { return i; });
            EXPECT_EQ(value, i);
        });
    }
    may_go.set_value();
    keeper.join();
}

/// The parameter that says how the pool's threads are scheduled: where it stands among the
/// runtime's, and its declaration. Nothing where the runtime has no pool.
std::optional<std::size_t> place_of_scheduling() {
    const auto declared = worker::about().parameters;
    const auto found = std::find_if(declared.begin(), declared.end(), [](const parameter& each) {
        return each.name == std::string_view("offload_scheduling");
    });
    return found == declared.end()
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(found - declared.begin()));
}

/// The calling thread's, as the parameter names it.
std::string_view own_scheduling() {
    struct {  // the kernel's sched_attr, first version
        std::uint32_t size, policy;
        std::uint64_t flags;
        std::int32_t nice;
        std::uint32_t priority;
        std::uint64_t runtime_ns, deadline_ns, period_ns;
    } own{};
    EXPECT_EQ(::syscall(SYS_sched_getattr, 0, &own, sizeof own, 0), 0);
    return own.policy == SCHED_IDLE        ? "idle"
           : own.runtime_ns == 100'000'000 ? "long_slice"
                                           : "normal";
}

TEST_F(offloading, threads_of_the_pool_are_scheduled_as_the_configuration_says) {
    const auto place = place_of_scheduling();
    if (!place) {
        GTEST_SKIP() << "functions run in place";
    }
    const parameter declared = worker::about().parameters[*place];
    for (std::int64_t asked = declared.minimum; asked <= declared.maximum; ++asked) {
        runtime_settings settings = tested_settings();
        settings[*place] = asked;
        worker on(settings);
        const auto effective = static_cast<std::size_t>(on.configuration()[*place]);
        EXPECT_TRUE(on.configuration()[*place] == asked || !on.notes().empty());
        on.run([&]() -> task<void> {
            const auto [failed, scheduling] = co_await on.offload(own_scheduling);
            EXPECT_EQ(scheduling, declared.choices[effective]);
        });
        EXPECT_EQ(own_scheduling(), "normal") << "the loop's own stays as it was";
    }
}

TEST_F(offloading, what_the_system_does_not_grant_is_echoed_as_normal_with_a_note) {
    const auto place = place_of_scheduling();
    if (!place) {
        GTEST_SKIP() << "functions run in place";
    }
    const auto choices = worker::about().parameters[*place].choices;
    const auto at = std::find(choices.begin(), choices.end(), "long_slice") - choices.begin();
    std::thread([&] {
        // The slice of an idle thread, and of those that it starts, cannot be chosen.
        const sched_param none{};
        ASSERT_EQ(::sched_setscheduler(0, SCHED_IDLE, &none), 0) << std::strerror(errno);
        runtime_settings settings = tested_settings();
        settings[*place] = at;
        worker on(settings);
        EXPECT_EQ(choices[static_cast<std::size_t>(on.configuration()[*place])], "normal");
        const auto notes = on.notes();
        EXPECT_TRUE(std::any_of(notes.begin(), notes.end(), [](const std::string& note) {
            return note.find("offload_scheduling is normal: ") == 0;
        }));
    }).join();
}

}  // namespace
}  // namespace regatta::testing::verbs
