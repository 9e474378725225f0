#include <algorithm>

#include "harness/gate/output.hpp"
#include "harness/record/export.hpp"

/// Google Benchmark's JSON of each side, for `compare.py benchmarks BASE HEAD`: what `regatta
/// export` writes, of one side's trials.
namespace regatta::gate {
namespace {

std::string write_side(const report& told, std::string_view side) {
    export_source source{told.run, {}, {}};
    for (nlohmann::json trial : told.trials) {
        if (trial.value("side", "") == side) {
            // What is compared has the same name on both sides.
            const auto name = trial.at("benchmark").get<std::string>();
            trial["benchmark"] = name.substr(0, name.find("/inject:"));
            source.trials.push_back(std::move(trial));
        }
    }
    const auto& all = export_formats();
    const auto found = std::find_if(
        all.begin(), all.end(), [](const export_format& each) { return each.name == "gbench"; });
    return found->write(source);
}

const registered_output base_output({"gbench-base",
                                     "Google Benchmark's JSON of the base, for its compare.py",
                                     [](const report& told) { return write_side(told, "base"); }});
const registered_output head_output({"gbench-head", "the same of the head",
                                     [](const report& told) { return write_side(told, "head"); }});

}  // namespace
}  // namespace regatta::gate
