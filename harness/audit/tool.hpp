#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/audit/truth.hpp"
#include "harness/measure/histogram.hpp"
#include "harness/server/conversation.hpp"

namespace regatta::audit {

/// The percentiles of an audit, and their names in the record.
struct percentile_name {
    double fraction;
    const char* field;
};
inline constexpr std::array<percentile_name, 4> percentiles{{{0.5, "latency_ns_p50"},
                                                             {0.95, "latency_ns_p95"},
                                                             {0.99, "latency_ns_p99"},
                                                             {0.999, "latency_ns_p999"}}};

/// The load that every tool is asked for.
struct load_request {
    double rate_per_s;
    std::int64_t connections;
    std::int64_t seconds;
    std::uint64_t seed;
    std::uint64_t freeze_ns;        ///< the longest that the server does not answer
    std::vector<int> cpus;          ///< the tool's
    std::filesystem::path scratch;  ///< a folder for its files
};

/// The server of one audit while it runs.
struct running_server {
    int port;
    pid_t pid;
    const speaker& voice;
};

/// What a tool reports.
struct tool_report {
    std::vector<std::string> command;
    std::string latency_kind;  ///< "response" or "service", as in results/FORMAT.md
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;
    std::optional<std::int64_t> depth;  ///< requests outstanding on a connection; nothing: 1
    /// In the order of `percentiles`. Not held back when the samples are few (results/FORMAT.md
    /// asks for 100 beyond a percentile): here the truth stands beside them.
    std::array<std::optional<double>, percentiles.size()> latency_ns;
    std::optional<histogram> latency;  ///< where the tool tells of each request
};

/// A load generator that is audited: one file in this folder.
class load_tool {
public:
    virtual ~load_tool() = default;

    virtual std::string name() const = 0;
    /// Debian's package; empty for our own.
    virtual std::string package() const = 0;
    /// Where its program is; nothing when it is not installed.
    virtual std::optional<std::filesystem::path> program() const = 0;
    /// The arrival processes it can make.
    virtual std::vector<arrival_process> arrivals() const = 0;
    /// Loads the server. Throws trial_failure when there is no report.
    virtual tool_report run(arrival_process process, const load_request& asked,
                            const running_server& server) const = 0;
};

/// All that are known, our own first.
std::vector<std::unique_ptr<load_tool>> all_tools();

std::unique_ptr<load_tool> make_regatta_load();
std::unique_ptr<load_tool> make_wrk();
std::unique_ptr<load_tool> make_h2load();
std::unique_ptr<load_tool> make_hey();
std::unique_ptr<load_tool> make_sockperf();

/// Fills in `report` from the latencies of its requests.
void set_latency(tool_report& report, histogram latency);

}  // namespace regatta::audit
