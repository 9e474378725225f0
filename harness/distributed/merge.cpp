#include "harness/distributed/merge.hpp"

#include <algorithm>
#include <map>

namespace regatta::distributed {
namespace {

using load::interval;
using load::load_result;

std::vector<interval> merge_intervals(const std::vector<load_result>& parts) {
    struct slice {
        std::size_t ranks = 0;
        histogram latency;
    };
    std::map<std::uint64_t, slice> slices;
    for (const load_result& part : parts) {
        for (const interval& each : part.intervals) {
            slice& into = slices[each.start_ns];
            ++into.ranks;
            if (each.latency) {
                into.latency.merge(*each.latency);
            }
        }
    }
    std::vector<interval> merged;
    for (const auto& [start_ns, each] : slices) {
        if (each.ranks == parts.size()) {
            merged.push_back(load::make_interval(start_ns, each.latency));
        }
    }
    return merged;
}

template <class Figures>
void add_to(std::optional<Figures>& sum, const std::optional<Figures>& part) {
    if (part) {
        sum = sum.value_or(Figures{});
        *sum += *part;
    }
}

// A rank that lost its connections early had a shorter window; averages are over the longest.
void add_averages(const load_result& part, load_result& sum) {
    const double share = sum.measured_ns == 0 ? 0
                                              : static_cast<double>(part.measured_ns) /
                                                    static_cast<double>(sum.measured_ns);
    sum.mean_in_flight += part.mean_in_flight * share;
    sum.cut_in_flight += part.cut_in_flight * share;
}

}  // namespace

load_result merge(const std::vector<load_result>& parts) {
    load_result sum;
    sum.threads = 0;
    for (const load_result& part : parts) {
        sum.measured_ns = std::max(sum.measured_ns, part.measured_ns);
        sum.warmup_ns = std::max(sum.warmup_ns, part.warmup_ns);
    }
    for (const load_result& part : parts) {
        // Where one had to fall back, that is what is said of all.
        if (sum.engine.empty() || (sum.engine_note.empty() && !part.engine_note.empty())) {
            sum.engine = part.engine;
            sum.engine_note = part.engine_note;
        }
        sum.threads += part.threads;
        sum.replies_measured += part.replies_measured;
        sum.cpu_ns += part.cpu_ns;
        sum.begin_late_ns = std::max(sum.begin_late_ns, part.begin_late_ns);
        sum.latency.merge(part.latency);
        sum.client += part.client;
        add_averages(part, sum);
        sum.unanswered += part.unanswered;
        add_to(sum.arrivals, part.arrivals);
        add_to(sum.apart, part.apart);
    }
    sum.intervals = merge_intervals(parts);
    return sum;
}

}  // namespace regatta::distributed
