#include "harness/measure/thread_shares.hpp"

#include <algorithm>
#include <sstream>
#include <vector>

#include <fmt/format.h>

#include "harness/measure/proc_file.hpp"
#include "harness/measure/process_threads.hpp"

namespace regatta {
namespace {

using nlohmann::json;

constexpr std::size_t threads_max = 64;

struct share {
    std::string name;
    double worked;
    double waited;
};

/// At most threads_max of `ids`, evenly spread.
std::vector<pid_t> sample_of(const std::vector<pid_t>& ids) {
    if (ids.size() <= threads_max) {
        return ids;
    }
    std::vector<pid_t> chosen;
    for (std::size_t i = 0; i < threads_max; ++i) {
        chosen.push_back(ids[i * ids.size() / threads_max]);
    }
    return chosen;
}

json spread_of(const std::vector<share>& all, double share::*part) {
    std::vector<double> values;
    for (const share& each : all) {
        values.push_back(each.*part);
    }
    std::sort(values.begin(), values.end());
    return {{"min", values.front()}, {"median", values[values.size() / 2]}, {"max", values.back()}};
}

json record_of(const std::vector<share>& all, std::size_t threads) {
    double worked = 0;
    double waited = 0;
    json each = json::array();
    for (const share& one : all) {
        worked += one.worked;
        waited += one.waited;
        each.push_back({{"name", one.name},
                        {"worked_share", one.worked},
                        {"waited_share", one.waited},
                        {"slept_share", std::max(0.0, 1 - one.worked - one.waited)}});
    }
    const double scale = static_cast<double>(threads) / static_cast<double>(all.size());
    return {{"count", threads},
            {"looked_at", all.size()},
            {"running_mean", worked * scale},
            {"waiting_mean", waited * scale},
            {"worked_share", spread_of(all, &share::worked)},
            {"waited_share", spread_of(all, &share::waited)},
            {"each", all.size() < threads ? json() : each}};
}

}  // namespace

std::optional<thread_times> parse_schedstat(std::string_view text) {
    // time on the CPU, time on the run queue, number of timeslices (sched-stats.rst in Linux).
    std::istringstream words{std::string(text)};
    thread_times times;
    std::int64_t slices = 0;
    if (!(words >> times.worked_ns >> times.waited_ns >> slices)) {
        return std::nullopt;
    }
    return times;
}

thread_meter::thread_meter(pid_t pid)
    : pid_(pid), begin_time_(std::chrono::steady_clock::now()), begin_(look_at(nullptr)) {}

thread_meter::look thread_meter::look_at(const std::map<pid_t, thread_times>* before) const {
    look seen;
    std::vector<pid_t> wanted;
    const bool is_sampled = before != nullptr && begin_.threads > before->size();
    if (is_sampled) {
        seen.threads = begin_.threads;
        for (const auto& [id, times] : *before) {
            wanted.push_back(id);
        }
    } else {
        const std::vector<pid_t> all = thread_ids(pid_);
        seen.threads = all.size();
        wanted = sample_of(all);
    }
    for (const pid_t id : wanted) {
        const auto text = read_kernel_file(fmt::format("/proc/{}/task/{}/schedstat", pid_, id));
        if (const auto times = text ? parse_schedstat(*text) : std::nullopt) {
            seen.times[id] = *times;
        }
    }
    return seen;
}

json thread_meter::stop() const {
    const std::chrono::duration<double, std::nano> length =
        std::chrono::steady_clock::now() - begin_time_;
    const look end = look_at(&begin_.times);
    std::vector<share> all;
    for (const auto& [id, times] : end.times) {
        const auto before = begin_.times.find(id);
        const thread_times from = before == begin_.times.end() ? thread_times{} : before->second;
        all.push_back(
            {read_kernel_file(fmt::format("/proc/{}/task/{}/comm", pid_, id)).value_or(""),
             static_cast<double>(times.worked_ns - from.worked_ns) / length.count(),
             static_cast<double>(times.waited_ns - from.waited_ns) / length.count()});
    }
    // A kernel without CONFIG_SCHED_INFO writes zeros.
    const bool is_counted = std::any_of(end.times.begin(), end.times.end(), [](const auto& each) {
        return each.second.worked_ns != 0 || each.second.waited_ns != 0;
    });
    return !is_counted ? json() : record_of(all, std::max(end.threads, all.size()));
}

}  // namespace regatta
