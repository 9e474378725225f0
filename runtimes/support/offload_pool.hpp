#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "runtimes/support/wait_list.hpp"
#include "workloads/workload.hpp"

namespace regatta {

/// A function on its way to a thread of the pool. Lives in the waiter's frame or stack.
class offload_job : public wait_list<offload_job>::node {
public:
    /// Called by the pool, on one of its threads: runs the function.
    virtual void run() noexcept = 0;
    /// Called after run(): tells whoever waits; the job may be gone afterwards.
    virtual void hand_back() noexcept = 0;

protected:
    ~offload_job() = default;
};

/// What a runtime's parameters say of the pool.
struct offload_settings {
    /// How the pool's threads share a CPU with the loop that waits for them. A loop that is woken
    /// while a thread of the pool computes must wait until that one's slice is over, unless
    /// - `long_slice`: the thread has asked for a slice of 100 ms, so that whoever has a shorter
    ///   one takes the CPU from it when it is woken (EEVDF, Linux 6.12); its share stays the same;
    /// - `idle`: the thread is SCHED_IDLE, and gives way to whatever else wants the CPU (sched(7)):
    ///   behind a loop that never sleeps it hardly runs at all.
    enum kind : std::int64_t { normal, long_slice, idle };

    std::int64_t threads;
    kind scheduling;
};

/// The threads that run what was offloaded: one pool in a process, shared by its workers, so that
/// the number of threads does not depend on that of the workers. Jobs start in the order in which
/// they came.
class offload_pool {
public:
    /// The runtime parameter that says how many threads the pool has.
    static constexpr parameter threads_parameter{
        "offload_threads", "", 2, 1, 1024, "threads of the pool that runs what is offloaded"};
    /// The parameter that says how they are scheduled: `long_slice` where this system has it.
    static parameter scheduling_parameter();
    /// What of the values of these two parameters this system gives, found by trying it on a thread
    /// like those of the pool; where it is less, `notes` says why.
    static offload_settings grant(std::int64_t threads, std::int64_t scheduling,
                                  std::vector<std::string>& notes);

    /// The process's pool: begins with the first owner, ends with the last, when it joins its
    /// threads. Throws std::system_error when the system has no thread left.
    static std::shared_ptr<offload_pool> shared(offload_settings settings);
    explicit offload_pool(offload_settings settings);
    ~offload_pool();
    offload_pool(const offload_pool&) = delete;
    offload_pool& operator=(const offload_pool&) = delete;

    /// From any thread. `job` stays until it is handed back or withdrawn.
    void submit(offload_job& job);
    /// Takes a job back that no thread has begun; false when one has.
    bool withdraw(offload_job& job);

private:
    void work(offload_settings::kind scheduling);
    void end();

    std::mutex mutex_;
    std::condition_variable changed_;
    wait_list<offload_job> waiting_;
    bool is_ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace regatta
