#include <algorithm>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "harness/cli/load_origin.hpp"
#include "harness/cli/markdown.hpp"
#include "harness/cli/verb.hpp"
#include "harness/measure/checkup.hpp"
#include "harness/measure/connection_budget.hpp"
#include "harness/measure/machine.hpp"

namespace {

using namespace regatta;
using nlohmann::json;

constexpr const char* doctor_examples =
    R"(Each row is OK, a note (the figures stand, of such a machine) or a problem, with its fix. Other
programs' load is sampled for half a second. With --connections the rows are about so many connections
at once, and whether they can be. Exit status: 0, or 1 when no run can succeed.

Examples:
  regatta doctor
  regatta doctor --connections 100000 --ranks 6
  regatta doctor --connections 1000000 --hosts hosts --source-addresses host --server-address 192.0.2.10
  regatta doctor --json | jq '.findings[] | select(.grade == "problem")')";

struct doctor_options {
    bool as_json = false;
    std::optional<std::uint64_t> connections;
    cli::load_origin origin;
};

int doctor(const doctor_options& options) {
    const std::vector<finding> findings =
        options.connections
            ? check_connections(cli::demand_of(options.origin, *options.connections),
                                read_connection_limits())
            : check_machine();
    const bool is_fit = std::none_of(findings.begin(), findings.end(), [](const finding& each) {
        return each.severity == finding::grade::impossible;
    });
    if (options.as_json) {
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

void declare_doctor(CLI::App& command, doctor_options& options) {
    command.footer(doctor_examples);
    command.add_flag("--json", options.as_json, "one JSON object instead of a table");
    command
        .add_option("--connections", options.connections,
                    "can there be so many at once? with the arithmetic")
        ->type_name("N")
        ->check(cli::number_from(1, 1e9, true));
    cli::declare(command, options.origin);
    command.remove_option(command.get_option("--shards"));
}

const cli::registered_verb doctor_verb("doctor", "is this machine fit to measure on? what to mend",
                                       [](CLI::App& command) {
                                           auto options = std::make_shared<doctor_options>();
                                           declare_doctor(command, *options);
                                           return [options] { return doctor(*options); };
                                       });

}  // namespace
