#include "harness/gate/output.hpp"

/// One object: `summary`, `cells` and `run`, with the fields of results/FORMAT.md.
namespace regatta::gate {
namespace {

std::string write_json(const report& told) {
    const nlohmann::json whole{{"run", told.run}, {"cells", told.cells}, {"summary", told.summary}};
    return whole.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

const registered_output json_output({"json", "the verdicts as one JSON object", write_json});

}  // namespace
}  // namespace regatta::gate
