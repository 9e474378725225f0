#include "harness/measure/cpu_time.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "harness/measure/proc_file.hpp"

namespace regatta {

std::optional<std::int64_t> process_cpu_ns(pid_t pid) {
    clockid_t clock;
    timespec time;
    if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) {
        return std::nullopt;
    }
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

cpu_times parse_cpu_times(std::string_view text, const std::vector<int>& cpus) {
    // proc(5): user nice system idle iowait irq softirq steal guest guest_nice; the last two are
    // part of the first two.
    enum : std::size_t { idle = 3, iowait = 4, steal = 7, columns = 8 };
    const std::int64_t tick_ns = 1'000'000'000LL / ::sysconf(_SC_CLK_TCK);
    cpu_times sum;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string label;
        words >> label;
        const bool is_wanted = std::any_of(
            cpus.begin(), cpus.end(), [&](int cpu) { return label == fmt::format("cpu{}", cpu); });
        if (!is_wanted) {
            continue;
        }
        std::array<std::int64_t, columns> ticks{};
        for (std::int64_t& each : ticks) {
            words >> each;
        }
        for (std::size_t i = 0; i < columns; ++i) {
            const std::int64_t ns = ticks[i] * tick_ns;
            sum.total_ns += ns;
            sum.steal_ns += i == steal ? ns : 0;
            sum.busy_ns += i == steal || i == idle || i == iowait ? 0 : ns;
        }
    }
    return sum;
}

cpu_times read_cpu_times(const std::vector<int>& cpus) {
    return parse_cpu_times(read_kernel_file("/proc/stat").value_or(""), cpus);
}

foreign_load_meter::foreign_load_meter(std::vector<int> cpus, const std::vector<pid_t>& ours)
    : cpus_(std::move(cpus)), ours_(ours) {
    ours_.push_back(::getpid());
    begin_ = read_cpu_times(cpus_);
    our_begin_ns_ = our_cpu_ns();
}

std::optional<foreign_load> foreign_load_meter::stop() const {
    constexpr std::int64_t shortest_ns = 200'000'000;
    const cpu_times end = read_cpu_times(cpus_);
    const auto our_end_ns = our_cpu_ns();
    const std::int64_t total_ns = end.total_ns - begin_.total_ns;
    if (!our_begin_ns_ || !our_end_ns ||
        total_ns < shortest_ns * static_cast<std::int64_t>(cpus_.size())) {
        return std::nullopt;
    }
    const std::int64_t busy_ns = end.busy_ns - begin_.busy_ns;
    const std::int64_t foreign_ns =
        std::max<std::int64_t>(0, busy_ns - (*our_end_ns - *our_begin_ns_));
    const auto total = static_cast<double>(total_ns);
    return foreign_load{static_cast<double>(foreign_ns) / total,
                        static_cast<double>(end.steal_ns - begin_.steal_ns) / total,
                        static_cast<double>(busy_ns) / total};
}

std::optional<std::int64_t> foreign_load_meter::our_cpu_ns() const {
    std::int64_t sum = 0;
    for (const pid_t pid : ours_) {
        const auto used = process_cpu_ns(pid);
        if (!used) {
            return std::nullopt;
        }
        sum += *used;
    }
    return sum;
}

}  // namespace regatta
