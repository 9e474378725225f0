#include "runtimes/fiber_uring/fiber_uring.hpp"

namespace regatta {

runtime_info fiber_uring_runtime::about() {
    static const parameter parameters[] = {
        fibers::stack_parameter,
        {"ring_entries", "", 4096, 8, 32768, "submission entries of each worker's ring"},
        offload_pool::threads_parameter,
        offload_pool::scheduling_parameter(),
    };
    return {"fiber_uring",
            "fiber",
            "io_uring",
            "one Boost.Fiber fiber per connection, on a scheduler that waits in io_uring",
            {{"boost", fibers::boost_version()}, {"liburing", REGATTA_LIBURING_VERSION}},
            parameters};
}

}  // namespace regatta
