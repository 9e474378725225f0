#pragma once

#include <optional>

#include "harness/micro/shared/echo_server.hpp"

namespace regatta::overhead {

using micro::arm;
using micro::echo_server;

/// Whether valgrind, which counts the instructions, is on PATH.
bool can_count_instructions();

/// Instructions that `server` executes in user space for one request on one connection, in all its
/// threads: the difference between a trial of 2,000 and one of 22,000 requests, so that its start
/// and end cancel out. Counted by callgrind, repeatable to a hundredth. Throws trial_failure,
/// `failure` or `interrupted`.
double instructions_per_request(const arm& server);

}  // namespace regatta::overhead
