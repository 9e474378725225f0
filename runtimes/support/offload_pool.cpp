#include "runtimes/support/offload_pool.hpp"

namespace regatta {

std::shared_ptr<offload_pool> offload_pool::shared(std::int64_t threads) {
    static std::mutex mutex;
    static std::weak_ptr<offload_pool> of_process;
    const std::lock_guard lock(mutex);
    auto pool = of_process.lock();
    if (!pool) {
        of_process = pool = std::make_shared<offload_pool>(threads);
    }
    return pool;
}

offload_pool::offload_pool(std::int64_t threads) {
    try {
        for (std::int64_t i = 0; i < threads; ++i) {
            threads_.emplace_back([this] { work(); });
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

void offload_pool::work() {
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
