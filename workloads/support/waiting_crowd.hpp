#pragma once

#include "runtimes/runtime.hpp"
#include "workloads/support/job_state.hpp"

/// Tasks that wait all at once, and somebody who goes on when the last of them has come.
namespace regatta::waiting_crowd {

/// Ends when the last of the crowd has come; to be awaited inside of its group, whose failure ends
/// it too.
template <full_runtime Runtime>
auto assemble(typename Runtime::semaphore& all_there) -> typename Runtime::template task<outcome> {
    const outcome result = co_await all_there.acquire();
    co_return result;
}

/// One of a crowd of `total` has begun.
template <full_runtime Runtime>
void arrive(const live_units::unit& alive, std::uint64_t total,
            typename Runtime::semaphore& all_there) {
    if (alive.number() == total) {
        all_there.release();
    }
}

}  // namespace regatta::waiting_crowd
