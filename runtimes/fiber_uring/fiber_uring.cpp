#include "runtimes/fiber_uring/fiber_uring.hpp"

namespace regatta {
namespace {

constexpr parameter parameters[] = {
    fibers::stack_parameter,
    {"ring_entries", "", 4096, 8, 32768, "submission entries of each worker's ring"},
    offload_pool::threads_parameter,
};

}  // namespace

runtime_info fiber_uring_runtime::about() {
    return {"fiber_uring",
            "fiber",
            "io_uring",
            "one Boost.Fiber fiber per connection, on a scheduler that waits in io_uring",
            {{"boost", fibers::boost_version()}, {"liburing", REGATTA_LIBURING_VERSION}},
            parameters};
}

}  // namespace regatta
