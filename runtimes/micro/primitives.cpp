// What a switch and a task cost, in our loops and schedulers and beside them in the language or the
// library as it comes. Each figure is of one switch, or of one task that is spawned, runs and is
// joined; `items_per_second` is its inverse.
#include <benchmark/benchmark.h>

#include <boost/fiber/algo/round_robin.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/fixedsize_stack.hpp>
#include <boost/fiber/operations.hpp>

#include <coroutine>
#include <thread>
#include <vector>

#include "runtimes/epoll/epoll.hpp"
#include "runtimes/fiber/fiber.hpp"

namespace regatta {
namespace {

// So many tasks that the loop's own turn, with its system call, is spread thin; so few that they
// stay in the cache.
constexpr int tasks = 256;
constexpr int yields = 64;
constexpr std::int64_t stack_bytes = 64 << 10;
constexpr std::int64_t offload_threads = 1;
constexpr std::int64_t offload_scheduling = offload_settings::normal;

/// Schedulers belong to a thread, and none of a benchmark shall be left for the next. Thread CPU
/// time is not the main thread's then, so the benchmarks below ask for wall time.
template <class Body>
void on_own_thread(Body body) {
    std::thread(body).join();
}

/// The barest coroutine: suspended at once, and at each step.
struct generator {
    struct promise_type {
        generator get_return_object() {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        static std::suspend_always initial_suspend() noexcept { return {}; }
        static std::suspend_always final_suspend() noexcept { return {}; }
        static void return_void() noexcept {}
        static void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> frame;
};

generator endless() {
    for (;;) {
        co_await std::suspend_always{};
    }
}
generator nothing() {
    co_return;
}

void resume_of_a_bare_coroutine(benchmark::State& state) {
    std::vector<generator> all;
    for (int i = 0; i < tasks; ++i) {
        all.push_back(endless());
    }
    for (auto _ : state) {
        for (const generator& each : all) {
            each.frame.resume();
        }
    }
    for (const generator& each : all) {
        each.frame.destroy();
    }
    state.SetItemsProcessed(state.iterations() * tasks);
}

void life_of_a_bare_coroutine(benchmark::State& state) {
    for (auto _ : state) {
        for (int i = 0; i < tasks; ++i) {
            const generator one = nothing();
            benchmark::DoNotOptimize(one.frame.address());
            one.frame.resume();
            one.frame.destroy();
        }
    }
    state.SetItemsProcessed(state.iterations() * tasks);
}

/// `tasks` children, each of which yields `times` times.
template <class Runtime>
auto crowd(Runtime& worker, int times) -> typename Runtime::template task<outcome> {
    auto child = [](Runtime& on, int left) -> typename Runtime::template task<outcome> {
        while (left-- > 0) {
            co_await on.yield();
        }
        co_return outcome{};
    };
    typename Runtime::task_group group(worker);
    for (int i = 0; i < tasks; ++i) {
        group.spawn(child(worker, times));
    }
    co_return co_await group.join();
}

/// Each of `times` yields of each task of a crowd, or with 0 each task's life from spawn to join.
template <class Runtime>
void crowds(benchmark::State& state, const runtime_settings& settings, int times) {
    on_own_thread([&] {
        Runtime worker(settings);
        worker.run([&]() -> typename Runtime::template task<void> {
            for (auto _ : state) {
                if (const auto [failed] = co_await crowd(worker, times); failed) {
                    state.SkipWithError(failed.message().c_str());
                    break;
                }
            }
        });
    });
    state.SetItemsProcessed(state.iterations() * tasks * std::max(times, 1));
}

void yield_of_our_coroutine(benchmark::State& state) {
    crowds<epoll_runtime>(state, {offload_threads, offload_scheduling}, yields);
}
void spawn_and_join_of_our_coroutine(benchmark::State& state) {
    crowds<epoll_runtime>(state, {offload_threads, offload_scheduling}, 0);
}
void yield_of_our_fiber(benchmark::State& state) {
    crowds<fiber_runtime>(state, {stack_bytes, offload_threads, offload_scheduling}, yields);
}
void spawn_and_join_of_our_fiber(benchmark::State& state) {
    crowds<fiber_runtime>(state, {stack_bytes, offload_threads, offload_scheduling}, 0);
}

/// The same crowd of Boost's own fibers, under Boost's own round robin.
void boost_crowds(benchmark::State& state, int times) {
    on_own_thread([&] {
        boost::fibers::use_scheduling_algorithm<boost::fibers::algo::round_robin>();
        std::vector<boost::fibers::fiber> all;
        for (auto _ : state) {
            for (int i = 0; i < tasks; ++i) {
                all.emplace_back(std::allocator_arg, boost::fibers::fixedsize_stack(stack_bytes),
                                 [times] {
                                     for (int left = times; left-- > 0;) {
                                         boost::this_fiber::yield();
                                     }
                                 });
            }
            for (boost::fibers::fiber& each : all) {
                each.join();
            }
            all.clear();
        }
    });
    state.SetItemsProcessed(state.iterations() * tasks * std::max(times, 1));
}

void yield_of_a_boost_fiber(benchmark::State& state) {
    boost_crowds(state, yields);
}
void spawn_and_join_of_a_boost_fiber(benchmark::State& state) {
    boost_crowds(state, 0);
}

void spawn_and_join_of_a_thread(benchmark::State& state) {
    for (auto _ : state) {
        std::thread([] {}).join();
    }
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(resume_of_a_bare_coroutine)->UseRealTime();
BENCHMARK(yield_of_our_coroutine)->UseRealTime();
BENCHMARK(yield_of_a_boost_fiber)->UseRealTime();
BENCHMARK(yield_of_our_fiber)->UseRealTime();
BENCHMARK(life_of_a_bare_coroutine)->UseRealTime();
BENCHMARK(spawn_and_join_of_our_coroutine)->UseRealTime();
BENCHMARK(spawn_and_join_of_a_boost_fiber)->UseRealTime();
BENCHMARK(spawn_and_join_of_our_fiber)->UseRealTime();
BENCHMARK(spawn_and_join_of_a_thread)->UseRealTime();

}  // namespace
}  // namespace regatta

BENCHMARK_MAIN();
