#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/plan/benchmark.hpp"
#include "harness/plan/claim.hpp"
#include "harness/plan/placement.hpp"

namespace regatta {

/// The values that one parameter takes.
struct axis {
    std::string parameter;
    std::vector<std::string> values;
};

/// A `[[benchmark]]` of a suite: the product of its axes, on each of its runtimes.
struct suite_entry {
    const workload_info* workload = nullptr;
    std::vector<std::string> runtimes;  ///< regular expressions on the whole name; empty: all
    std::vector<axis> axes;
    std::optional<double> measure_s = {};  ///< instead of the suite's
    /// Where `runtimes` is empty, and the suite is run as such: expressions as there; empty: those
    /// that are in suites. Without it all but those that exist to test the harness, which only
    /// `runtimes` takes.
    std::optional<std::vector<std::string>> usual_runtimes = {};
};

/// Benchmarks as data: workloads/suites/*.toml, described in workloads/suites/README.md.
struct suite {
    std::string name;
    std::string about;
    std::optional<std::int64_t> rounds;
    std::optional<double> warmup_s;
    std::optional<double> measure_s;
    std::optional<placement_mode> placement;
    /// Of entries that name none, where the suite is run as such; a filter that selects from it
    /// means what it says.
    std::vector<std::string> runtimes;
    std::vector<suite_entry> entries;
    std::vector<claim> claims;  ///< the benchmarks that these name are among the entries
};

/// Reads a suite. Throws `failure` with status 2 and one line that begins with the file and the
/// line; `runtimes` tells which parameters of runtimes there are.
suite read_suite(const std::filesystem::path& file, const std::vector<runtime_entry>& runtimes);

/// The file of the suite that `word` means: a path to a TOML file, or the name of a file in
/// workloads/suites/. Nothing when it means none. A path that ends in .toml always means a suite.
std::optional<std::filesystem::path> find_suite(const std::string& word);

/// The names of the suites in workloads/suites/, sorted.
std::vector<std::string> suite_names();

}  // namespace regatta
