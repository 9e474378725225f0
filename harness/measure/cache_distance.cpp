#include "harness/measure/cache_distance.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <system_error>
#include <thread>

#include <pthread.h>
#include <sched.h>

namespace regatta {
namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int batches = 20;
constexpr int trips_per_batch = 200;
constexpr auto longest = 50ms;

bool pin_this_thread(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return ::pthread_setaffinity_np(::pthread_self(), sizeof set, &set) == 0;
}

/// The line that travels, alone on it.
struct alignas(128) ball {
    std::atomic<int> trips{0};  ///< odd: with the second thread; below 0: the game is over
};

void return_it(ball& line) {
    for (int seen = 0;;) {
        const int now = line.trips.load(std::memory_order_acquire);
        if (now < 0) {
            return;
        }
        if (now != seen && now % 2 == 1) {
            seen = now + 1;
            int expected = now;
            line.trips.compare_exchange_strong(expected, seen, std::memory_order_acq_rel);
        }
    }
}

/// The fastest round trip over the batches, in ns; nothing when none was finished in time.
std::optional<double> play(ball& line) {
    const auto deadline = clock::now() + longest;
    double fastest_ns = std::numeric_limits<double>::infinity();
    int at = 0;
    for (int batch = 0; batch < batches; ++batch) {
        const auto begin = clock::now();
        for (int trip = 0; trip < trips_per_batch; ++trip) {
            line.trips.store(++at, std::memory_order_release);
            ++at;
            while (line.trips.load(std::memory_order_acquire) != at) {
                // The other thread may not be running: look at the clock, but not at each turn.
                for (int spin = 0; spin < 1000; ++spin) {
                    if (line.trips.load(std::memory_order_acquire) == at) {
                        break;
                    }
                }
                if (clock::now() > deadline) {
                    return fastest_ns < 1e9 ? std::optional(fastest_ns) : std::nullopt;
                }
            }
        }
        const std::chrono::duration<double, std::nano> took = clock::now() - begin;
        fastest_ns = std::min(fastest_ns, took.count() / trips_per_batch);
    }
    return fastest_ns;
}

struct end_of_game {
    ball& line;
    ~end_of_game() { line.trips = -1; }
};

}  // namespace

std::optional<double> cache_line_ns(int first, int second) {
    if (first == second) {
        return std::nullopt;
    }
    // Threads of their own, so that this one stays where it may run.
    ball line;
    std::optional<double> round_trip_ns;
    std::atomic<bool> is_there{false};
    try {
        std::jthread other([&] {
            is_there = pin_this_thread(second);
            return_it(line);
        });
        const end_of_game before_it_is_joined{line};
        std::jthread one([&] {
            if (pin_this_thread(first)) {
                round_trip_ns = play(line);
            }
        });
    } catch (const std::system_error&) {  // the server under test may have taken the last thread
        return std::nullopt;
    }
    return round_trip_ns && is_there ? std::optional(*round_trip_ns / 2) : std::nullopt;
}

std::string_view cache_state(double line_ns) {
    // The geometric middle of the 52 and 344 ns seen where the state changed.
    constexpr double near_max_ns = 130;
    return line_ns <= near_max_ns ? "near" : "far";
}

}  // namespace regatta
