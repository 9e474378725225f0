#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/record/record_reader.hpp"
#include "harness/stats/change_points.hpp"

namespace regatta {

/// The line that a history keeps of a results file: the `history` record of results/FORMAT.md.
/// Throws `failure` where the file has no run, or no valid trial.
nlohmann::json history_entry(const record_file& file);

/// A history file in memory.
struct history {
    std::vector<nlohmann::json> entries;  ///< in the order of their runs' begin
    std::size_t torn_lines = 0;  ///< cut short by whatever ended the program that wrote them
};

/// Reads `file`. Throws `failure` where it cannot be read, or is no history.
history read_history(const std::filesystem::path& file);

/// Adds `entry` at the end of `file`, which is made when missing, by one write; several programs
/// may do so at once. False when the run is in it already: nothing is added. Throws `failure`.
bool append_to_history(const std::filesystem::path& file, const nlohmann::json& entry);

/// One metric of one benchmark over the runs on one machine, in one placement.
struct history_series {
    struct point {
        std::string run_id;
        std::string started_at;
        std::string commit;  ///< like the next three: empty where it is not known
        std::string compiler;
        std::string cpu_model;
        std::string kernel;
        std::size_t trials;
        double median;
        std::optional<double> low;  ///< 95 % interval over the run's trials
        std::optional<double> high;
    };
    std::string machine;
    std::string placement;
    std::string benchmark;
    std::string metric;
    std::vector<point> points;
    std::vector<stats::change_point> changes;  ///< of the medians
};

/// The series of the benchmarks that match `filter` (a regular expression), for each of `metrics`,
/// with their change points; by machine, placement, metric as given, and benchmark.
std::vector<history_series> series_of(const history& file, const std::vector<std::string>& metrics,
                                      const std::string& filter);

}  // namespace regatta
