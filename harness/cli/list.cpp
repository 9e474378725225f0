#include <memory>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "harness/cli/markdown.hpp"
#include "harness/cli/verb.hpp"
#include "harness/plan/benchmark.hpp"
#include "harness/server/runtime_catalog.hpp"

namespace {

using namespace regatta;
using nlohmann::json;

constexpr const char* list_examples =
    R"(A runtime is a folder with a manifest runtime.toml (runtimes/CONTRACT.md); it is looked for beside
this program, in the source tree, and where --runtimes says.

Examples:
  regatta list
  regatta list --json | jq '.runtimes[] | select(.available | not) | {name, reason}'
  regatta list --runtimes ~/my_runtimes)";

struct list_options {
    bool as_json = false;
    std::vector<std::string> runtime_folders;
};

json parameter_json(const parameter& declared) {
    return {{"name", declared.name},
            {"unit", declared.unit},
            {"default", declared.fallback},
            {"min", declared.minimum},
            {"max", declared.maximum},
            {"about", declared.about},
            {"choices",
             json(std::vector<std::string>(declared.choices.begin(), declared.choices.end()))}};
}

json runtime_json(const runtime_entry& runtime) {
    json object = runtime.description.is_object() ? runtime.description : json::object();
    object.erase("contract");
    object["name"] = runtime.name;
    object["available"] = runtime.is_available();
    object["reason"] = runtime.is_available() ? json() : json(runtime.reason);
    object["reference_only"] = runtime.is_reference_only;
    object["in_suites"] = runtime.is_in_suites;
    object["folder"] = runtime.folder.string();
    object["command"] = runtime.command;
    for (const char* field :
         {"model", "engine", "description", "versions", "parameters", "lacks"}) {
        object.emplace(field, nullptr);
    }
    json workloads = json::object();
    for (const workload_info& each : all_workload_info()) {
        const workload_support support = runtime.support_of(each.name);
        const bool supported = support.supported && runtime.is_available();
        workloads[each.name] = {
            {"kind", kind_name(each.kind)},
            {"supported", supported},
            {"reason",
             supported ? json() : json(support.supported ? runtime.reason : support.reason)}};
    }
    object["workloads"] = std::move(workloads);
    return object;
}

json workload_json(const workload_info& workload) {
    json parameters = json::array();
    for (const parameter& each : common_parameters(workload)) {
        parameters.push_back(parameter_json(each));
    }
    return {{"name", workload.name},   {"kind", kind_name(workload.kind)},
            {"about", workload.about}, {"available", true},
            {"reason", nullptr},       {"parameters", std::move(parameters)}};
}

std::string text_of(const runtime_entry& runtime, const char* field) {
    return runtime.description.is_object() ? runtime.description.value(field, "-") : "-";
}

std::string text_of(const json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

void print_runtimes(const std::vector<runtime_entry>& runtimes) {
    std::vector<std::vector<std::string>> rows{{"runtime", "model", "engine"}};
    for (const workload_info& each : all_workload_info()) {
        rows.front().push_back(each.name);
    }
    std::vector<std::string> reasons;
    for (const runtime_entry& runtime : runtimes) {
        std::vector<std::string> row{runtime.name, text_of(runtime, "model"),
                                     text_of(runtime, "engine")};
        if (!runtime.is_available()) {
            reasons.push_back(fmt::format("{}: {}", runtime.name, runtime.reason));
        }
        if (runtime.is_available() && runtime.description.contains("lacks")) {
            for (const json& each : runtime.description.at("lacks")) {
                reasons.push_back(fmt::format("{}, {}", runtime.name, text_of(each)));
            }
        }
        std::vector<std::pair<std::string, std::string>> missing;
        for (const workload_info& each : all_workload_info()) {
            const workload_support support = runtime.support_of(each.name);
            row.push_back(support.supported && runtime.is_available() ? "yes" : "-");
            if (runtime.is_available() && !support.supported) {
                missing.emplace_back(each.name, support.reason);
            }
        }
        for (const auto& [names, reason] : cli::by_reason(missing)) {
            reasons.push_back(fmt::format("{}, {}: {}", runtime.name, names, reason));
        }
        rows.push_back(std::move(row));
    }
    fmt::print("{}", cli::markdown_table(rows));
    for (const runtime_entry& runtime : runtimes) {
        if (runtime.is_reference_only) {
            reasons.push_back(runtime.name + " is there to test the harness: suites leave it out");
        }
    }
    std::vector<std::string> kept_out;
    for (const runtime_entry& runtime : runtimes) {
        if (!runtime.is_in_suites && !runtime.is_reference_only) {
            kept_out.push_back(runtime.name);
        }
    }
    if (!kept_out.empty()) {
        reasons.push_back(
            fmt::format("{}: suites leave out what they do not name", fmt::join(kept_out, ", ")));
    }
    for (const std::string& each : reasons) {
        fmt::print("{}- {}\n", &each == &reasons.front() ? "\n" : "", each);
    }
}

void print_workloads() {
    std::vector<std::vector<std::string>> rows{{"workload", "kind", "what happens", "parameters"}};
    for (const workload_info& workload : all_workload_info()) {
        std::vector<std::string> parameters;
        for (const parameter& each : workload.parameters) {
            parameters.push_back(fmt::format("{} {}..{} ({})", each.name, each.minimum,
                                             each.maximum, each.fallback));
        }
        rows.push_back({workload.name, std::string(kind_name(workload.kind)), workload.about,
                        fmt::format("{}", fmt::join(parameters, "; "))});
    }
    fmt::print(
        "\n{}\nParameters: range (default). All take workers; server workloads also "
        "connections and depth.\n",
        cli::markdown_table(rows));
}

int list(const list_options& options) {
    const auto runtimes =
        find_runtimes({options.runtime_folders.begin(), options.runtime_folders.end()});
    if (options.as_json) {
        json all{{"runtimes", json::array()}, {"workloads", json::array()}};
        for (const runtime_entry& each : runtimes) {
            all["runtimes"].push_back(runtime_json(each));
        }
        for (const workload_info& each : all_workload_info()) {
            all["workloads"].push_back(workload_json(each));
        }
        fmt::print("{}\n", all.dump(2, ' ', false, json::error_handler_t::replace));
        return 0;
    }
    print_runtimes(runtimes);
    print_workloads();
    return 0;
}

const cli::registered_verb list_verb(
    "list", "runtimes and workloads: what can run here, what cannot and why",
    [](CLI::App& command) {
        auto options = std::make_shared<list_options>();
        command.footer(list_examples);
        command.add_flag("--json", options->as_json, "one JSON object instead of tables");
        command
            .add_option("--runtimes", options->runtime_folders,
                        "look for runtimes here too (repeatable)")
            ->type_name("DIR")
            ->allow_extra_args(false);
        return [options] { return list(*options); };
    });

}  // namespace
