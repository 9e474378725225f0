#include "runtimes/support/offload_pool.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "runtimes/support/thread_scheduling.hpp"

namespace regatta {
namespace {

constexpr std::string_view scheduling_names[] = {"normal", "long_slice", "idle"};

// The longest that the kernel grants (kernel/sched/syscalls.c, __setparam_fair).
constexpr auto long_slice = std::chrono::milliseconds(100);

/// Schedules the calling thread so; why that cannot be, or nothing.
std::optional<std::string> take(offload_settings::kind scheduling) {
    if (scheduling == offload_settings::normal) {
        return std::nullopt;
    }
    if (scheduling == offload_settings::long_slice) {
        return take_slice(long_slice)
                   ? std::nullopt
                   : std::optional<std::string>(
                         "a thread cannot choose its slice (Linux 6.12, SCHED_OTHER)");
    }
    thread_scheduling own;
    if (!get_scheduling(own)) {
        return std::string("sched_getattr: ") + std::strerror(errno);
    }
    own.policy = SCHED_IDLE;
    own.runtime_ns = 0;
    if (!set_scheduling(own)) {
        return std::string("sched_setattr: ") + std::strerror(errno);
    }
    thread_scheduling given;
    return get_scheduling(given) && given.policy == SCHED_IDLE
               ? std::nullopt
               : std::optional<std::string>("the system does not keep SCHED_IDLE");
}

std::optional<std::string> obstacle(offload_settings::kind scheduling) {
    std::optional<std::string> reason;
    // On a thread of its own: what a thread has given up it may not get back.
    std::thread([&] { reason = take(scheduling); }).join();
    return reason;
}

}  // namespace

parameter offload_pool::scheduling_parameter() {
    static const std::int64_t best = obstacle(offload_settings::long_slice)
                                         ? offload_settings::normal
                                         : offload_settings::long_slice;
    return {"offload_scheduling",
            "",
            best,
            0,
            static_cast<std::int64_t>(std::size(scheduling_names)) - 1,
            "how the pool's threads share a CPU with the loop",
            scheduling_names};
}

offload_settings offload_pool::grant(std::int64_t threads, std::int64_t scheduling,
                                     std::vector<std::string>& notes) {
    const auto asked = static_cast<offload_settings::kind>(scheduling);
    const auto reason = asked == offload_settings::normal ? std::nullopt : obstacle(asked);
    if (reason) {
        notes.push_back("offload_scheduling is normal: " + *reason);
    }
    return {threads, reason ? offload_settings::normal : asked};
}

std::shared_ptr<offload_pool> offload_pool::shared(offload_settings settings) {
    static std::mutex mutex;
    static std::weak_ptr<offload_pool> of_process;
    const std::lock_guard lock(mutex);
    auto pool = of_process.lock();
    if (!pool) {
        of_process = pool = std::make_shared<offload_pool>(settings);
    }
    return pool;
}

offload_pool::offload_pool(offload_settings settings) {
    try {
        for (std::int64_t i = 0; i < settings.threads; ++i) {
            threads_.emplace_back([this, settings] { work(settings.scheduling); });
        }
    } catch (...) {
        end();
        throw;
    }
}

offload_pool::~offload_pool() {
    end();
}

void offload_pool::end() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    changed_.notify_all();
    for (std::thread& each : threads_) {
        each.join();
    }
}

void offload_pool::submit(offload_job& job) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(job);
    }
    changed_.notify_one();
}

bool offload_pool::withdraw(offload_job& job) {
    const std::lock_guard lock(mutex_);
    return waiting_.remove(job);
}

void offload_pool::work(offload_settings::kind scheduling) {
    (void)take(scheduling);  // grant() has tried it
    for (;;) {
        offload_job* job;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return !waiting_.empty() || is_ending_; });
            job = waiting_.pop_front();
        }
        if (job == nullptr) {
            return;
        }
        job->run();
        job->hand_back();
    }
}

}  // namespace regatta
