#include "harness/server/ending_record.hpp"

#include "harness/measure/metrics.hpp"

namespace regatta {
namespace {

std::int64_t nanoseconds(const timeval& time) {
    return time.tv_sec * 1'000'000'000LL + time.tv_usec * 1000LL;
}

}  // namespace

nlohmann::json ending_record(const child_process& process) {
    nlohmann::json record = nlohmann::json::object();
    for (const char* field :
         {"exit_status", "signal", "context_switches_voluntary", "context_switches_involuntary",
          "page_faults_minor", "page_faults_major", "cpu_user_ns", "cpu_system_ns"}) {
        record[field] = nullptr;
    }
    if (!process.has_ended()) {
        return record;
    }
    const child_ending& ending = process.ending();
    record["exit_status"] = json_or_null(ending.exit_status);
    record["signal"] = json_or_null(ending.signal);
    record["context_switches_voluntary"] = ending.usage.ru_nvcsw;
    record["context_switches_involuntary"] = ending.usage.ru_nivcsw;
    record["page_faults_minor"] = ending.usage.ru_minflt;
    record["page_faults_major"] = ending.usage.ru_majflt;
    record["cpu_user_ns"] = nanoseconds(ending.usage.ru_utime);
    record["cpu_system_ns"] = nanoseconds(ending.usage.ru_stime);
    return record;
}

}  // namespace regatta
