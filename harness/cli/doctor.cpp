#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include "harness/cli/markdown.hpp"
#include "harness/cli/verb.hpp"
#include "harness/measure/checkup.hpp"
#include "harness/measure/machine.hpp"

namespace {

using namespace regatta;
using nlohmann::json;

constexpr const char* examples =
    R"(Each row is OK, a note (the figures stand, of such a machine) or a problem, with its fix. Other
programs' load is sampled for half a second. Exit status: 0, or 1 when no run can succeed.

Examples:
  regatta doctor
  regatta doctor --json | jq '.findings[] | select(.grade == "problem")')";

int doctor(bool as_json) {
    const std::vector<finding> findings = check_machine();
    const bool is_fit = std::none_of(findings.begin(), findings.end(), [](const finding& each) {
        return each.severity == finding::grade::impossible;
    });
    if (as_json) {
        json all{{"machine", machine_record()}, {"findings", json::array()}};
        for (const finding& each : findings) {
            all["findings"].push_back(
                {{"subject", each.subject},
                 {"value", each.value},
                 {"grade", grade_name(each.severity)},
                 {"advice", each.advice.empty() ? json() : json(each.advice)}});
        }
        fmt::print("{}\n", all.dump(2, ' ', false, json::error_handler_t::replace));
        return is_fit ? 0 : 1;
    }
    std::vector<std::vector<std::string>> rows{{"what", "is", "grade", "what to do"}};
    for (const finding& each : findings) {
        rows.push_back({each.subject, cli::cell(each.value), grade_name(each.severity),
                        cli::cell(each.advice)});
    }
    fmt::print("{}\n\n{}", machine_sentence(machine_record()), cli::markdown_table(rows));
    return is_fit ? 0 : 1;
}

const cli::registered_verb verb("doctor", "is this machine fit to measure on? what to mend",
                                [](CLI::App& command) {
                                    auto as_json = std::make_shared<bool>(false);
                                    command.footer(examples);
                                    command.add_flag("--json", *as_json,
                                                     "one JSON object instead of a table");
                                    return [as_json] { return doctor(*as_json); };
                                });

}  // namespace
