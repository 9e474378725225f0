#pragma once

#include <barrier>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "runtimes/main/job_source.hpp"
#include "runtimes/runtime.hpp"

namespace regatta {

/// Workers for a job. One worker runs on the caller's thread; more have threads of their own, which
/// wait at a barrier between the iterations. What a worker throws reaches the caller.
template <runtime Runtime>
class job_crew {
public:
    /// Makes the job for `workers` workers and `values`, which are to outlive the crew.
    job_crew(job_source_maker<Runtime> make, std::size_t workers, const runtime_settings& settings,
             const params& values)
        : job_(make(values, static_cast<unsigned>(workers))),
          count_(static_cast<unsigned>(workers)) {
        if (workers == 1) {
            note_settings(alone_.emplace(settings));
            return;
        }
        gate_.emplace(static_cast<std::ptrdiff_t>(workers + 1));
        start_threads(settings);
        gate_->arrive_and_wait();
        if (failure_) {
            finish();
            std::rethrow_exception(failure_);
        }
    }
    ~job_crew() { finish(); }
    job_crew(const job_crew&) = delete;
    job_crew& operator=(const job_crew&) = delete;

    /// One iteration on all workers. Throws the first of what they throw, once all have ended it.
    void run() {
        job_->begin();
        if (alone_) {
            alone_->run([&] { return job_->part(*alone_, shard{0, 1}); });
            return;
        }
        gate_->arrive_and_wait();
        gate_->arrive_and_wait();
        if (failure_) {
            std::rethrow_exception(std::exchange(failure_, nullptr));
        }
    }

    job_source<Runtime>& job() { return *job_; }
    const job_source<Runtime>& job() const { return *job_; }
    /// What the first worker runs with, and its notes.
    const runtime_settings& configuration() const { return configuration_; }
    const std::vector<std::string>& notes() const { return notes_; }

private:
    void note_settings(const Runtime& worker) {
        configuration_ = worker.configuration();
        notes_ = worker.notes();
    }
    void start_threads(const runtime_settings& settings) {
        try {
            while (threads_.size() < count_) {
                threads_.emplace_back([this, i = static_cast<unsigned>(threads_.size()),
                                       &settings] { work(i, settings); });
            }
        } catch (...) {
            keep_failure();
            for (std::size_t i = threads_.size(); i < count_; ++i) {
                gate_->arrive_and_drop();
            }
        }
    }
    void work(unsigned index, const runtime_settings& settings) {
        std::optional<Runtime> worker;
        guarded([&] {
            worker.emplace(settings);
            if (index == 0) {
                note_settings(*worker);
            }
        });
        gate_->arrive_and_wait();
        for (;;) {
            gate_->arrive_and_wait();
            if (is_over_) {
                return;
            }
            guarded([&] {
                worker->run([&] { return job_->part(*worker, shard{index, count_}); });
            });
            gate_->arrive_and_wait();
        }
    }
    template <class Action>
    void guarded(Action action) noexcept {
        try {
            action();
        } catch (...) {
            keep_failure();
        }
    }
    void keep_failure() noexcept {
        const std::lock_guard lock(mutex_);
        if (!failure_) {
            failure_ = std::current_exception();
        }
    }
    void finish() {
        if (gate_ && !is_over_) {
            is_over_ = true;
            gate_->arrive_and_wait();
        }
    }

    std::unique_ptr<job_source<Runtime>> job_;
    unsigned count_;
    runtime_settings configuration_;
    std::vector<std::string> notes_;
    std::optional<Runtime> alone_;
    std::optional<std::barrier<>> gate_;
    bool is_over_ = false;  // as failure_ outside of an iteration: written before the gate opens
    std::mutex mutex_;
    std::exception_ptr failure_;
    std::vector<std::jthread> threads_;
};

}  // namespace regatta
