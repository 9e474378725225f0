#include "harness/measure/resident_series.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <unistd.h>

#include "harness/measure/proc_file.hpp"

namespace regatta {
namespace {

using clock = std::chrono::steady_clock;

/// Nothing when `pid` has ended.
std::optional<std::uint64_t> rss_bytes(pid_t pid) {
    // proc(5), statm: size resident shared ..., in pages.
    std::istringstream words(read_kernel_file(fmt::format("/proc/{}/statm", pid)).value_or(""));
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    if (!(words >> size >> resident)) {
        return std::nullopt;
    }
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

resident_series::resident_series(pid_t pid, std::chrono::nanoseconds period)
    : sampler_([this, pid, period](const std::stop_token& asked) {
          std::mutex mutex;
          std::condition_variable_any wake;
          std::unique_lock lock(mutex);
          const auto begin = clock::now();
          for (auto next = begin; !asked.stop_requested(); next += period) {
              if (const auto rss = rss_bytes(pid)) {
                  const std::chrono::nanoseconds start = clock::now() - begin;
                  samples_.push_back({start.count(), *rss});
              }
              wake.wait_until(lock, asked, next + period, [] { return false; });
          }
      }) {}

nlohmann::json resident_series::stop() {
    sampler_.request_stop();
    if (sampler_.joinable()) {
        sampler_.join();
    }
    nlohmann::json series = nlohmann::json::array();
    for (const sample& each : samples_) {
        series.push_back({{"start_ns", each.start_ns}, {"rss_bytes", each.rss_bytes}});
    }
    return series;
}

}  // namespace regatta
