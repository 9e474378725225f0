#include "harness/cli/baseline.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "harness/failure.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/plan/nearest.hpp"

namespace regatta::cli {

namespace fs = std::filesystem;

fs::path baseline_file(const std::string& name) {
    const fs::path folder = source_folder() / "results" / "baselines";
    std::vector<std::string> names;
    std::error_code ignored;  // without the folder there are no baselines
    for (const fs::directory_entry& each : fs::directory_iterator(folder, ignored)) {
        if (each.path().extension() == ".jsonl") {
            names.push_back(each.path().stem().string());
        }
    }
    if (std::find(names.begin(), names.end(), name) == names.end()) {
        throw usage_failure(fmt::format(
            "--baseline {}: unknown; {}", name,
            names.empty() ? "there is none yet: copy a results file to results/baselines/NAME.jsonl"
                          : "choose from " + nearest_first(name, names)));
    }
    return folder / (name + ".jsonl");
}

}  // namespace regatta::cli
