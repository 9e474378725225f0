#pragma once

#include <cstdio>
#include <exception>

namespace regatta {

/// Ends the program with a line: the children of a group that goes away unjoined would use what no
/// longer exists.
[[noreturn]] inline void terminate_unjoined() {
    std::fputs("a task_group was destroyed before it was joined: co_await join()\n", stderr);
    std::terminate();
}

}  // namespace regatta
