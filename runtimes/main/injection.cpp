#include "runtimes/main/injection.hpp"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <optional>
#include <thread>

#include "workloads/kernels.hpp"
#include "workloads/support/received_bytes.hpp"

namespace regatta {
namespace {

double cpu_clock_ns(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// Does `rounds` of work; the compiler must believe that somebody wants the result.
void burn(std::int64_t rounds) {
    const std::uint64_t result = kernels::burn(1, rounds);
    asm volatile("" : : "r"(result));
}

/// The fastest of some series: an interruption must not pass for work.
double rounds_per_ns() {
    constexpr std::int64_t rounds = 100'000;
    double fastest_ns = 1e18;
    for (int series = 0; series < 20; ++series) {
        const double begin = cpu_clock_ns(CLOCK_THREAD_CPUTIME_ID);
        burn(rounds);
        fastest_ns = std::min(fastest_ns, cpu_clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin);
    }
    return static_cast<double>(rounds) / std::max(fastest_ns, 1.0);
}

/// What a request costs the process in CPU time, the burnt left out: the mean over the latest
/// requests, seen anew after 16, 32, ... and then every 1,024 of them.
class request_cost {
public:
    /// 0 until it is known. `burnt_ns` is asked for now and then.
    template <class Burnt>
    double ns(std::uint64_t requests, Burnt burnt_ns) {
        if (requests >= look_at_.load(std::memory_order_relaxed)) {
            const std::unique_lock looking(mutex_, std::try_to_lock);
            if (looking) {
                look(requests, burnt_ns());
            }
        }
        return mean_ns_.load(std::memory_order_relaxed);
    }

private:
    static constexpr std::uint64_t first_look = 16;
    static constexpr std::uint64_t between_looks = 1024;

    void look(std::uint64_t requests, double burnt_ns) {
        const double own_ns = cpu_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - burnt_ns;
        if (is_begun_ && requests > requests_) {
            const double mean = (own_ns - own_ns_) / static_cast<double>(requests - requests_);
            mean_ns_.store(std::max(mean, 0.0), std::memory_order_relaxed);
        }
        is_begun_ = true;
        requests_ = requests;
        own_ns_ = own_ns;
        look_at_.store(requests + std::clamp(requests, first_look, between_looks),
                       std::memory_order_relaxed);
    }

    std::atomic<std::uint64_t> look_at_{0};
    std::atomic<double> mean_ns_{0};
    std::mutex mutex_;
    bool is_begun_ = false;
    std::uint64_t requests_ = 0;
    double own_ns_ = 0;
};

class injector {
public:
    explicit injector(const injection_spec& spec)
        : spec_(spec), rounds_per_ns_(is_burning() ? rounds_per_ns() : 1) {}

    void act() {
        const std::uint64_t request = requests_.fetch_add(1, std::memory_order_relaxed);
        if (is_burning()) {
            burn_for(request);
        }
        for (std::uint32_t i = 0; i < spec_.syscalls; ++i) {
            ::syscall(SYS_getppid);
        }
        if (spec_.takes_lock) {
            const std::lock_guard lock(mutex_);
            ++locks_;
            contended_.fetch_add(1);
        }
        for (std::uint32_t i = 0; i < spec_.allocations; ++i) {
            void* const block = ::operator new(block_bytes);
            asm volatile("" : : "r"(block) : "memory");
            ::operator delete(block, block_bytes);
        }
        if (spec_.waits_at(request)) {
            waits_.fetch_add(1, std::memory_order_relaxed);
            std::this_thread::sleep_for(spec_.wait);
        }
    }

    const injection_spec& spec() const { return spec_; }

    nlohmann::json to_json() {
        const std::uint64_t requests = requests_;
        const std::lock_guard lock(mutex_);
        return {{"requests", requests},
                {"cpu_ns", static_cast<std::uint64_t>(burnt_ns())},
                {"system_calls", requests * spec_.syscalls},
                {"locks", locks_},
                {"allocations", requests * spec_.allocations},
                {"waits", waits_.load()}};
    }

private:
    static constexpr std::size_t block_bytes = 64;

    bool is_burning() const { return spec_.cpu_ppm != 0 || spec_.cpu.count() != 0; }
    double burnt_ns() const { return static_cast<double>(rounds_) / rounds_per_ns_; }

    void burn_for(std::uint64_t request) {
        auto wanted_ns = static_cast<double>(spec_.cpu.count());
        if (spec_.cpu_ppm != 0) {
            wanted_ns = cost_.ns(request, [this] { return burnt_ns(); }) * spec_.cpu_ppm / 1e6;
        }
        const auto rounds = static_cast<std::int64_t>(wanted_ns * rounds_per_ns_ + 0.5);
        burn(rounds);
        rounds_.fetch_add(static_cast<std::uint64_t>(rounds), std::memory_order_relaxed);
    }

    const injection_spec spec_;
    const double rounds_per_ns_;
    request_cost cost_;
    std::atomic<std::uint64_t> requests_{0};
    std::atomic<std::uint64_t> rounds_{0};
    std::atomic<std::uint64_t> waits_{0};
    std::atomic<std::uint64_t> contended_{0};
    std::mutex mutex_;
    std::uint64_t locks_ = 0;
};

std::optional<injector> injecting;

}  // namespace

void start_injecting(const injection_spec& spec) {
    injecting.emplace(spec);
    on_received = [] { injecting->act(); };
}

std::vector<std::string> with_injection_note(std::vector<std::string> notes) {
    if (injecting) {
        notes.push_back("slowed on purpose: --inject " + injecting->spec().text());
    }
    return notes;
}

nlohmann::json injected_json() {
    return injecting ? injecting->to_json() : nlohmann::json();
}

}  // namespace regatta
