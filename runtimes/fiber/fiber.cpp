#include "runtimes/fiber/fiber.hpp"

namespace regatta {
namespace {

constexpr parameter parameters[] = {fibers::stack_parameter, offload_pool::threads_parameter};

}  // namespace

runtime_info fiber_runtime::about() {
    return {"fiber",
            "fiber",
            "epoll",
            "one Boost.Fiber fiber per connection, on a scheduler that waits in epoll",
            {{"boost", fibers::boost_version()}},
            parameters};
}

}  // namespace regatta
