#include "harness/measure/probes.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <liburing.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "harness/measure/proc_file.hpp"

namespace regatta {

std::optional<std::string> io_uring_obstacle() {
    io_uring ring;
    const int result = ::io_uring_queue_init(8, &ring, 0);
    if (result == 0) {
        ::io_uring_queue_exit(&ring);
        return std::nullopt;
    }
    const auto disabled = read_kernel_file("/proc/sys/kernel/io_uring_disabled");
    if (result == -EPERM && disabled && *disabled != "0") {
        return fmt::format("kernel.io_uring_disabled is {}", *disabled);
    }
    if (result == -EPERM) {
        return "it is forbidden here (EPERM): a seccomp filter, as containers have, may be why";
    }
    return fmt::format("io_uring_setup: {}", std::strerror(-result));
}

std::string perf_obstacle(int errno_value) {
    if (errno_value == ENOENT || errno_value == EOPNOTSUPP || errno_value == ENODEV) {
        return "this (virtual) processor offers no hardware counters";
    }
    if (errno_value == EACCES || errno_value == EPERM) {
        return fmt::format(
            "not permitted: kernel.perf_event_paranoid is {}",
            read_kernel_file("/proc/sys/kernel/perf_event_paranoid").value_or("unknown"));
    }
    return fmt::format("perf_event_open: {}", std::strerror(errno_value));
}

std::optional<std::string> perf_counters_obstacle() {
    perf_event_attr attributes{};
    attributes.type = PERF_TYPE_HARDWARE;
    attributes.size = sizeof attributes;
    attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
    attributes.exclude_kernel = 1;
    attributes.exclude_hv = 1;
    const int event = static_cast<int>(::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0ul));
    if (event < 0) {
        return perf_obstacle(errno);
    }
    std::uint64_t instructions = 0;
    const bool is_read = ::read(event, &instructions, sizeof instructions) == sizeof instructions;
    ::close(event);
    if (!is_read || instructions == 0) {
        return "the instruction counter opens and does not count";
    }
    return std::nullopt;
}

std::optional<std::string> hypervisor() {
#if defined(__x86_64__)
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    constexpr unsigned hypervisor_present = 1u << 31;
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & hypervisor_present) == 0) {
        return std::nullopt;
    }
    __cpuid(0x40000000, eax, ebx, ecx, edx);
    std::array<char, 13> signature{};
    std::memcpy(signature.data(), &ebx, 4);
    std::memcpy(signature.data() + 4, &ecx, 4);
    std::memcpy(signature.data() + 8, &edx, 4);
    constexpr std::pair<const char*, const char*> names[] = {{"KVMKVMKVM", "kvm"},
                                                             {"Microsoft Hv", "hyper-v"},
                                                             {"VMwareVMware", "vmware"},
                                                             {"XenVMMXenVMM", "xen"},
                                                             {"bhyve bhyve ", "bhyve"}};
    for (const auto& [known, name] : names) {
        if (std::strcmp(signature.data(), known) == 0) {
            return name;
        }
    }
    return "unknown";
#else
    return std::nullopt;
#endif
}

}  // namespace regatta
