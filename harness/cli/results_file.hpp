#pragma once

#include <filesystem>
#include <string>

#include <unistd.h>

#include "harness/measure/build_info.hpp"

namespace regatta::cli {

/// The results file of run `run_id`: `out` where it is given, else in results/raw/ of the source
/// tree, else, where that cannot be written, in the current folder.
inline std::filesystem::path results_file(const std::string& out, const std::string& run_id) {
    if (!out.empty()) {
        return out;
    }
    const auto folder = source_folder() / "results" / "raw";
    std::error_code ignored;  // access() tells whether it can be used
    std::filesystem::create_directories(folder, ignored);
    return (::access(folder.c_str(), W_OK) == 0 ? folder : std::filesystem::current_path()) /
           (run_id + ".jsonl");
}

}  // namespace regatta::cli
