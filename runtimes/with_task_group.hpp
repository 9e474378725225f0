#pragma once

#include <exception>
#include <utility>

#include "runtimes/runtime.hpp"

// g++ 12 says that a lambda written in a coroutine has no linkage, and warns of coroutine templates
// that take one.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"

namespace regatta {

/// Opens a group, awaits `body(group)`, a task<outcome>, inside its scope, and joins the group in
/// every case. `body` counts as a child: its failure cancels the children, and theirs cancels its
/// waits. Gives the first failure, or throws it where it is an exception.
template <full_runtime Runtime, class Body>
auto with_task_group(Runtime& worker, Body body) -> typename Runtime::template task<outcome> {
    typename Runtime::task_group group(worker);
    try {
        const outcome of_body = co_await group.inside(body(group));
        group.fail(of_body.error);
    } catch (...) {
        group.fail(io_error(), std::current_exception());
    }
    const outcome first = co_await group.join();
    co_return first;
}

}  // namespace regatta

#pragma GCC diagnostic pop
