#include "harness/audit/tool.hpp"

namespace regatta::audit {

std::vector<std::unique_ptr<load_tool>> all_tools() {
    std::vector<std::unique_ptr<load_tool>> all;
    all.push_back(make_regatta_load());
    all.push_back(make_wrk());
    all.push_back(make_h2load());
    all.push_back(make_hey());
    all.push_back(make_sockperf());
    return all;
}

void set_latency(tool_report& report, histogram latency) {
    for (std::size_t i = 0; i < percentiles.size() && !latency.empty(); ++i) {
        report.latency_ns[i] = static_cast<double>(latency.value_at(percentiles[i].fraction));
    }
    report.latency = std::move(latency);
}

}  // namespace regatta::audit
