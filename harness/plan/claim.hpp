#pragma once

#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "harness/plan/toml_file.hpp"

namespace regatta {

/// What people say of concurrency models, as data: a quantity of one benchmark, or its ratio to
/// that of another, and where it must lie for the claim to hold. `[[claim]]` of a suite
/// (workloads/suites/README.md); the suite runs the benchmarks that its claims name.
struct claim {
    std::string name;
    std::string says;    ///< one sentence, as it is taught
    std::string by;      ///< who says so, in general terms
    std::string metric;  ///< of `metrics`, a path with dots into the trial, or bytes_per_connection
    std::string a;       ///< a benchmark's full name, `{runtime}` for each of `runtimes`
    std::string b;       ///< the same; empty: the claim is about `a` alone, else about a / b
    std::vector<std::string> runtimes;  ///< empty: `a` and `b` name theirs
    double at_least = -std::numeric_limits<double>::infinity();
    double at_most = std::numeric_limits<double>::infinity();
    std::optional<double> measure_s = {};  ///< of its benchmarks' trials, instead of the suite's

    /// Whether `regatta memory` measures it, and no trial.
    bool is_memory_slope() const { return metric == memory_slope; }

    /// The slope of the server's memory over connections, or waiting tasks.
    static constexpr const char* memory_slope = "bytes_per_connection";
};

/// One case of a claim: its benchmarks for one runtime.
struct claim_case {
    std::string label;  ///< the runtime, or "x / y" for the runtimes of two benchmarks
    std::string a;
    std::string b;  ///< empty as in the claim
};

/// The cases of `stated`, in the order of its runtimes.
std::vector<claim_case> cases_of(const claim& stated);

/// Reads the array `node` of `[[claim]]`. Throws `failure` with the file and the line.
std::vector<claim> read_claims(const toml_file& file, const toml::node& node);

/// The claims of the suite in `path`; none where it has none. Throws as above.
std::vector<claim> read_claims(const std::filesystem::path& path);

}  // namespace regatta
