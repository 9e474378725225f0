#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/record/record_reader.hpp"
#include "harness/stats/interval.hpp"
#include "harness/stats/unpaired.hpp"

namespace regatta {

/// How two results files are compared.
struct difference_request {
    std::vector<std::string> metrics;  ///< names in `metrics` of the trials; none: the usual ones
    std::string filter = ".*";         ///< on benchmarks' names
    double tolerance = 0.05;           ///< a share: what differs less is not called worse or better
    bool across_machines = false;      ///< judge although the machines differ
};

/// One metric of one benchmark, in two runs.
struct metric_difference {
    enum class finding {
        worse,       ///< by more than the tolerance, and not by chance
        better,      ///< the same the other way
        same,        ///< the interval of the ratio lies within the tolerance
        undecided,   ///< none of these
        not_judged,  ///< nobody may judge: see record_difference::why_not_judged
    };
    std::string benchmark;
    std::string metric;
    stats::estimate before;
    stats::estimate after;
    std::optional<stats::unpaired_ratio> ratio;  ///< after / before
    std::optional<double> p_adjusted;            ///< over all differences of the comparison (Holm)
    finding found = finding::not_judged;
};

/// "worse", "better", "same", "undecided", "not judged".
std::string_view name_of(metric_difference::finding found);

/// What differs between two results files.
struct record_difference {
    std::vector<metric_difference> rows;   ///< by metric, then by benchmark as in the old file
    std::vector<std::string> only_before;  ///< benchmarks without a valid trial in the other file
    std::vector<std::string> only_after;
    std::vector<std::string> conditions;        ///< what else differs: sentences
    std::optional<std::string> why_not_judged;  ///< the machines differ

    std::size_t count(metric_difference::finding found) const;
};

/// Compares the valid trials of `before` and `after`, unpaired. Rates of open loops are left out:
/// their schedule sets them. Throws `failure` for a metric that neither file has.
record_difference difference_of(const record_file& before, const record_file& after,
                                const difference_request& request);

}  // namespace regatta
