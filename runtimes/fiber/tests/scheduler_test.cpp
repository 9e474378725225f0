// When the scheduler of fibers asks its engine: an engine that only counts takes the place of
// epoll.
#include <gtest/gtest.h>

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>

#include <functional>
#include <set>
#include <thread>
#include <vector>

#include "runtimes/support/fiber/scheduler.hpp"

namespace regatta::fibers {
namespace {

struct counting_engine {
    void poll(std::optional<std::chrono::nanoseconds>) noexcept {
        ++polls;
        on_poll();
    }
    void wake() noexcept {}

    std::size_t polls = 0;
    std::function<void()> on_poll = [] {};
};

using tested = scheduler<counting_engine>;

/// Runs `body(engine)` on a thread with a scheduler of its own.
template <class Body>
void on_scheduler(Body body) {
    std::thread([&] {
        const boost::intrusive_ptr<tested> algorithm(new tested);
        context::active()->get_scheduler()->set_algo(algorithm);
        body(algorithm->io());
    }).join();
}

TEST(fiber_scheduler, what_one_poll_makes_ready_runs_before_the_next) {
    constexpr std::size_t fibers = 300;
    static_assert(fibers > tested::picks_per_dispatch && fibers < tested::picks_per_poll_max);
    on_scheduler([](counting_engine& engine) {
        std::vector<context*> parked(fibers);
        std::set<std::size_t> polls_when_run;
        std::vector<boost::fibers::fiber> started;
        for (context*& place : parked) {
            started.emplace_back([&] {
                park(place);
                polls_when_run.insert(engine.polls);
            });
        }
        engine.on_poll = [&] {
            if (std::find(parked.begin(), parked.end(), nullptr) == parked.end()) {
                std::for_each(parked.begin(), parked.end(), make_ready);
            }
        };
        for (boost::fibers::fiber& each : started) {
            each.join();
        }
        EXPECT_EQ(polls_when_run.size(), 1u);
    });
}

TEST(fiber_scheduler, many_that_never_wait_do_not_put_off_the_poll) {
    constexpr std::size_t fibers = 3 * tested::picks_per_poll_max;
    on_scheduler([](counting_engine& engine) {
        std::size_t turns = 0;
        std::size_t turns_at_last_poll = 0;
        std::size_t longest = 0;
        engine.on_poll = [&] {
            longest = std::max(longest, turns - turns_at_last_poll);
            turns_at_last_poll = turns;
        };
        std::vector<boost::fibers::fiber> started;
        for (std::size_t i = 0; i < fibers; ++i) {
            started.emplace_back([&] {
                for (int turn = 0; turn < 5; ++turn) {
                    ++turns;
                    boost::this_fiber::yield();
                }
            });
        }
        for (boost::fibers::fiber& each : started) {
            each.join();
        }
        EXPECT_EQ(turns, 5 * fibers);
        EXPECT_LE(longest, tested::picks_per_poll_max);
        EXPECT_GT(engine.polls, turns / (2 * tested::picks_per_poll_max));
    });
}

}  // namespace
}  // namespace regatta::fibers
