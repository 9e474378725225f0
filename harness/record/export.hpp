#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/record/distribution.hpp"
#include "harness/record/record_reader.hpp"

/// An output format is one file `export_NAME.cpp` in this folder that holds one
/// `registered_format`; nothing else names it.
namespace regatta {

/// The formats of HdrHistogram are in milliseconds.
inline constexpr double ns_per_ms = 1e6;

/// What is exported: trials of one results file.
struct export_source {
    nlohmann::json run;                       ///< the `run` record; null when the file lacks it
    std::vector<nlohmann::json> trials;       ///< all that were chosen, valid or not
    std::vector<distribution> distributions;  ///< of the valid ones
};

struct export_format {
    std::string name;
    std::string ending;  ///< of its files
    std::string about;   ///< a few words for the help
    bool needs_latency;  ///< it is nothing without a distribution
    bool holds_one;      ///< a file of it has room for one distribution only
    std::string (*write)(const export_source& source);
};

/// All formats, by name.
inline std::vector<export_format>& export_formats() {
    static std::vector<export_format> all;
    return all;
}

class registered_format {
public:
    explicit registered_format(export_format format) {
        export_formats().push_back(std::move(format));
    }
};

}  // namespace regatta
