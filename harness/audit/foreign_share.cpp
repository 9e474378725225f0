#include "harness/audit/foreign_share.hpp"

#include <algorithm>

#include <sys/resource.h>

namespace regatta::audit {
namespace {

std::int64_t used_ns(int whose) {
    struct rusage usage {};
    ::getrusage(whose, &usage);
    const auto nanoseconds = [](const timeval& time) {
        return std::int64_t{time.tv_sec} * 1'000'000'000 + std::int64_t{time.tv_usec} * 1000;
    };
    return nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
}

std::vector<int> all_cpus(const placement& placed) {
    std::vector<int> cpus = placed.server_cpus;
    cpus.insert(cpus.end(), placed.generator_cpus.begin(), placed.generator_cpus.end());
    std::sort(cpus.begin(), cpus.end());
    cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
    return cpus;
}

}  // namespace

foreign_share_meter::foreign_share_meter(const placement& placed, pid_t server)
    : cpus_(all_cpus(placed)),
      server_(server),
      begin_(read_cpu_times(cpus_)),
      our_begin_ns_(our_cpu_ns()) {}

std::optional<double> foreign_share_meter::stop() const {
    const cpu_times end = read_cpu_times(cpus_);
    const auto our_end_ns = our_cpu_ns();
    const std::int64_t total_ns = end.total_ns - begin_.total_ns;
    if (!our_begin_ns_ || !our_end_ns || total_ns <= 0) {
        return std::nullopt;
    }
    const std::int64_t ours_ns = *our_end_ns - *our_begin_ns_;
    const std::int64_t foreign_ns = end.busy_ns - begin_.busy_ns - ours_ns;
    return static_cast<double>(std::max<std::int64_t>(foreign_ns, 0)) /
           static_cast<double>(total_ns);
}

std::optional<std::int64_t> foreign_share_meter::our_cpu_ns() const {
    const auto server_ns = process_cpu_ns(server_);
    if (!server_ns) {
        return std::nullopt;
    }
    return *server_ns + used_ns(RUSAGE_SELF) + used_ns(RUSAGE_CHILDREN);
}

}  // namespace regatta::audit
