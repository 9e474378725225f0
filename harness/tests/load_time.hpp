#pragma once

#include <cstdint>

namespace regatta::load::tests {

/// In nanoseconds, as all times of the generator.
inline constexpr std::uint64_t second = 1'000'000'000;

}  // namespace regatta::load::tests
