#include "harness/measure/memory.hpp"

#include <fmt/format.h>

#include "harness/measure/proc_file.hpp"

namespace regatta {
namespace {

std::optional<std::uint64_t> kibibytes(pid_t pid, const char* file, const char* label) {
    const auto text = read_kernel_file(fmt::format("/proc/{}/{}", pid, file));
    const auto value = text ? labelled_number(*text, label) : std::nullopt;
    return value ? std::optional(*value * 1024) : std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> pss_bytes(pid_t pid) {
    return kibibytes(pid, "smaps_rollup", "Pss:");
}

std::optional<std::uint64_t> rss_bytes_peak(pid_t pid) {
    return kibibytes(pid, "status", "VmHWM:");
}

}  // namespace regatta
