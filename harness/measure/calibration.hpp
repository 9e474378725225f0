#pragma once

#include <cstdint>

namespace regatta {

/// Rounds of kernels::burn that take one microsecond of CPU on `cpu`, at least 1: the fastest of
/// several attempts by the thread's CPU clock, so that other load and interrupts do not count.
/// Takes about 50 ms. The calling thread is pinned to `cpu` meanwhile.
std::int64_t calibrate_rounds_per_us(int cpu);

}  // namespace regatta
