#include "harness/distributed/outline.hpp"

#include "harness/load/plan.hpp"

namespace regatta::distributed {

load_outline read_outline(const std::string& line) {
    const load::load_plan plan = load::parse_plan(line);
    load_outline outline;
    outline.plan = nlohmann::json::parse(line);
    outline.label = outline.plan.value("label", "load");
    outline.connect_ns = plan.connect_ns;
    outline.warmup_ns = plan.warmup_ns;
    outline.measure_ns = plan.measure_ns;
    outline.drain_ns = plan.drain_ns;
    outline.server_pid = plan.server_pid;
    outline.plan.erase("server_pid");
    return outline;
}

}  // namespace regatta::distributed
