#include "harness/measure/perf_counters.hpp"

#include <cerrno>

#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/measure/probes.hpp"
#include "harness/measure/process_threads.hpp"

namespace regatta {
namespace {

using nlohmann::json;

// Each needs a descriptor for each event, and is switched with its thread.
constexpr std::size_t counted_threads_max = 64;

int open_counter(std::uint32_t type, std::uint64_t config, pid_t thread, bool user_only) {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = type;
    attributes.config = config;
    attributes.inherit = 1;
    attributes.exclude_hv = 1;
    attributes.exclude_kernel = user_only ? 1 : 0;
    attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    return static_cast<int>(
        ::syscall(SYS_perf_event_open, &attributes, thread, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

}  // namespace

perf_meter::perf_meter(pid_t pid)
    : events_{{"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
              {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
              {"cache_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
              {"context_switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES}} {
    const std::vector<pid_t> threads = thread_ids(pid);
    for (event& each : events_) {
        open(each, threads);
    }
}

perf_meter::~perf_meter() {
    for (const event& each : events_) {
        for (const int descriptor : each.descriptors) {
            ::close(descriptor);
        }
    }
}

void perf_meter::open(event& each, const std::vector<pid_t>& threads) {
    if (threads.size() > counted_threads_max) {
        each.obstacle = fmt::format(
            "the server has {} threads, and more than {} are not counted: "
            "each would need counters of its own",
            threads.size(), counted_threads_max);
        return;
    }
    for (const pid_t thread : threads) {
        int descriptor = open_counter(each.type, each.config, thread, is_user_only_);
        if (descriptor < 0 && (errno == EACCES || errno == EPERM) && !is_user_only_ &&
            each.type == PERF_TYPE_HARDWARE) {
            is_user_only_ = true;
            descriptor = open_counter(each.type, each.config, thread, true);
        }
        if (descriptor < 0 && errno == ESRCH) {
            continue;  // it has ended since it was listed
        }
        if (descriptor < 0) {
            each.obstacle = perf_obstacle(errno);
            for (const int opened : each.descriptors) {
                ::close(opened);
            }
            each.descriptors.clear();
            return;
        }
        each.descriptors.push_back(descriptor);
    }
    if (each.descriptors.empty()) {
        each.obstacle = "the server has ended";
    }
}

std::optional<double> perf_meter::read(const event& each) {
    struct {
        std::uint64_t value;
        std::uint64_t enabled_ns;
        std::uint64_t running_ns;
    } count;
    double sum = 0;
    for (const int descriptor : each.descriptors) {
        if (::read(descriptor, &count, sizeof count) != sizeof count) {
            return std::nullopt;
        }
        // The processor has fewer counters than events: each gets a share of the time.
        sum += count.running_ns == 0
                   ? 0
                   : static_cast<double>(count.value) * static_cast<double>(count.enabled_ns) /
                         static_cast<double>(count.running_ns);
    }
    return each.descriptors.empty() ? std::nullopt : std::optional(sum);
}

void perf_meter::begin() {
    for (event& each : events_) {
        each.at_begin = read(each);
    }
}

json perf_meter::stop() const {
    json record{{"user_only", is_user_only_}, {"reason", nullptr}};
    for (const event& each : events_) {
        const auto now = read(each);
        const double count = now && each.at_begin ? *now - *each.at_begin : 0;
        // A server that was loaded has executed something: zero is a counter that does not count.
        const bool is_counted = count > 0 || (now && each.type == PERF_TYPE_SOFTWARE);
        record[each.name] = is_counted ? json(count) : json();
        if (!is_counted && record["reason"].is_null()) {
            record["reason"] =
                each.obstacle.empty() ? "the counters open and do not count" : each.obstacle;
        }
    }
    return record;
}

}  // namespace regatta
