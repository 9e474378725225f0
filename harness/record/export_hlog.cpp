#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>

#include <fmt/chrono.h>

#include "harness/record/export.hpp"
#include "harness/record/hdr_encoding.hpp"

/// HdrHistogram's log, format version 1.3, which its HistogramLogProcessor reads: a line a trial. A
/// file of several benchmarks has each in a tag of its own; a file of one has no tags, so that
/// readers that are told of none find it.
namespace regatta {
namespace {

/// A tag ends at a comma, a space or a line break.
std::string tag_of(std::string name) {
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == ',' || c == ' ' || c == '\n'; }, '_');
    return name;
}

struct log_line {
    double start_s;  // since the epoch
    std::string text;
};

std::string write_hlog(const export_source& source) {
    double base_s = std::numeric_limits<double>::infinity();
    for (const distribution& each : source.distributions) {
        for (const distribution_part& part : each.parts) {
            base_s = std::min(base_s, part.started_at_s);
        }
    }
    base_s = std::isfinite(base_s) ? base_s : 0;
    std::vector<log_line> lines;
    for (const distribution& each : source.distributions) {
        const std::string tag =
            source.distributions.size() > 1 ? fmt::format("Tag={},", tag_of(each.name)) : "";
        for (const distribution_part& part : each.parts) {
            lines.push_back(
                {part.started_at_s,
                 fmt::format("{}{:.3f},{:.3f},{:.3f},{}\n", tag, part.started_at_s - base_s,
                             part.measured_s, static_cast<double>(part.latency.max()) / ns_per_ms,
                             hdr::encode(part.latency))});
        }
    }
    // Readers stop at a line that begins after the end they were given.
    std::stable_sort(lines.begin(), lines.end(),
                     [](const log_line& a, const log_line& b) { return a.start_s < b.start_s; });
    std::string text = fmt::format(
        "#[Latencies in ns, one line a trial]\n#[Histogram log format version 1.3]\n"
        "#[BaseTime: {0:.3f} (seconds since epoch)]\n"
        "#[StartTime: {0:.3f} (seconds since epoch), {1:%a %b %d %H:%M:%S} UTC {1:%Y}]\n"
        "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\""
        "\n",
        base_s, fmt::gmtime(static_cast<std::time_t>(base_s)));
    for (const log_line& line : lines) {
        text += line.text;
    }
    return text;
}

const registered_format hlog_format({"hlog", "hlog", "HdrHistogram's log, one line a trial", true,
                                     false, write_hlog});

}  // namespace
}  // namespace regatta
