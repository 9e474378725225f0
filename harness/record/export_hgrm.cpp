#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/record/export.hpp"

/// The percentile distribution as HdrHistogram prints it, in milliseconds: what its plotter and
/// the tools around it read.
namespace regatta {
namespace {

// Each halving of the distance to 100 % is cut into as many steps.
constexpr std::int64_t ticks_per_half_distance = 5;

/// The percentile that follows `percentile` (0 to below 100) in the listing.
double next_level(double percentile) {
    const auto halvings = static_cast<std::int64_t>(std::log2(100 / (100 - percentile))) + 1;
    const auto ticks =
        static_cast<double>(ticks_per_half_distance) * std::exp2(static_cast<double>(halvings));
    return percentile + 100 / ticks;
}

/// What HdrHistogram prints for a bucket: the largest value that it holds.
double highest_ms(std::size_t index) {
    return static_cast<double>(histogram::lowest_of(index + 1) - 1) / ns_per_ms;
}

double deviation_ns(const histogram& values) {
    double squares = 0;
    for (const auto& [index, times] : values.sparse()) {
        const double apart = static_cast<double>(histogram::middle_of(index)) - values.mean();
        squares += apart * apart * static_cast<double>(times);
    }
    return values.empty() ? 0 : std::sqrt(squares / static_cast<double>(values.count()));
}

/// The value at each level, then the largest. As in HdrHistogram, the listing of levels ends with
/// the first that only the last bucket reaches.
std::string percentile_lines(const histogram& values) {
    std::string text;
    double level = 0;
    std::uint64_t seen = 0;
    for (const auto& [index, times] : values.sparse()) {
        seen += times;
        const bool is_last = seen == values.count();
        const double reached =
            100.0 * static_cast<double>(seen) / static_cast<double>(values.count());
        for (bool is_listed = false; level <= reached && !(is_last && is_listed);) {
            text += fmt::format("{:12.6f} {:.12f} {:10} {:14.2f}\n", highest_ms(index), level / 100,
                                seen, 1 / (1 - level / 100));
            level = next_level(level);
            is_listed = true;
        }
        if (is_last) {
            text += fmt::format("{:12.6f} {:.12f} {:10}\n", highest_ms(index), 1.0, seen);
        }
    }
    return text;
}

std::string write_hgrm(const export_source& source) {
    const histogram values = source.distributions.front().merged();
    const std::size_t last = values.empty() ? 0 : values.sparse().back().first;
    return fmt::format(
        "{:>12} {:>14} {:>10} {:>14}\n\n{}"
        "#[Mean    = {:12.6f}, StdDeviation   = {:12.6f}]\n"
        "#[Max     = {:12.6f}, Total count    = {:12}]\n"
        "#[Buckets = {:12}, SubBuckets     = {:12}]\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)", percentile_lines(values),
        values.mean() / ns_per_ms, deviation_ns(values) / ns_per_ms,
        static_cast<double>(values.max()) / ns_per_ms, values.count(),
        std::max<std::size_t>(last >> histogram::sub_bucket_bits, 1),
        2u << histogram::sub_bucket_bits);
}

const registered_format hgrm_format({"hgrm", "hgrm",
                                     "HdrHistogram's percentiles, all trials of one benchmark",
                                     true, true, write_hgrm});

}  // namespace
}  // namespace regatta
