#include "runtimes/fiber/fiber.hpp"

namespace regatta {

runtime_info fiber_runtime::about() {
    static const parameter parameters[] = {fibers::stack_parameter, offload_pool::threads_parameter,
                                           offload_pool::scheduling_parameter()};
    return {"fiber",
            "fiber",
            "epoll",
            "one Boost.Fiber fiber per connection, on a scheduler that waits in epoll",
            {{"boost", fibers::boost_version()}},
            parameters};
}

}  // namespace regatta
