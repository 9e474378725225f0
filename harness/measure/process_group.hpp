#pragma once

#include <vector>

#include <sys/types.h>

namespace regatta {

/// The processes of `pid`'s process group but itself: those that a server has started to help it.
/// Empty when it has none or has ended.
std::vector<pid_t> others_in_group(pid_t pid);

}  // namespace regatta
