#include <algorithm>
#include <iterator>
#include <memory>
#include <random>

#include "harness/audit/audit.hpp"
#include "harness/audit/audit_table.hpp"
#include "harness/cli/common_options.hpp"
#include "harness/cli/markdown.hpp"
#include "harness/cli/progress.hpp"
#include "harness/cli/read_results.hpp"
#include "harness/cli/results_file.hpp"
#include "harness/cli/verb.hpp"
#include "harness/measure/calibration.hpp"
#include "harness/plan/nearest.hpp"
#include "harness/record/record_writer.hpp"
#include "harness/record/run_record.hpp"
#include "harness/server/interrupt.hpp"
#include "harness/server/trial.hpp"

namespace regatta::cli {
namespace {

using audit::audit_arm;
using audit::audit_settings;
using audit::load_tool;
using nlohmann::json;

// The offered load of the server that is a queue: much waiting, and no instability.
constexpr double queue_load = 0.7;

struct audit_options {
    std::vector<std::string> tools;
    std::vector<std::string> servers{"freeze"};
    double rate_per_s = 2000;
    std::int64_t connections = 20;
    std::int64_t seconds = 20;
    std::optional<std::uint64_t> seed;
    std::string out;
    bool is_forced = false;
    bool is_quiet = false;
    std::string from;
};

std::vector<std::unique_ptr<load_tool>> chosen_tools(const audit_options& options) {
    auto all = audit::all_tools();
    std::vector<std::string> names;
    names.reserve(all.size());
    for (const auto& tool : all) {
        names.push_back(tool->name());
    }
    for (const std::string& wanted : options.tools) {
        if (std::find(names.begin(), names.end(), wanted) == names.end()) {
            throw usage_failure(fmt::format("--tool {}: unknown; choose from {}", wanted,
                                            nearest_first(wanted, names)));
        }
    }
    if (!options.tools.empty()) {
        std::erase_if(all, [&](const auto& tool) {
            return std::find(options.tools.begin(), options.tools.end(), tool->name()) ==
                   options.tools.end();
        });
    }
    return all;
}

audit::server_model model_of(const std::string& name, const audit_options& options,
                             std::uint64_t seed) {
    audit::server_model model;
    model.kind = audit::server_kind_named(name);
    model.service_ns_mean = static_cast<std::uint64_t>(queue_load * 1e9 / options.rate_per_s);
    model.seed = seed;
    const auto period_s = static_cast<std::int64_t>(model.period_ns / 1'000'000'000);
    if (model.kind == audit::server_kind::freeze && options.seconds % period_s != 0) {
        throw usage_failure(
            fmt::format("--seconds {}: the server freezes once in {} s; give a multiple of that",
                        options.seconds, period_s));
    }
    return model;
}

/// A table for each server, in the order in which they were audited.
void print_tables(const std::vector<json>& audits) {
    std::vector<json> servers;
    for (const json& audit : audits) {
        if (std::find(servers.begin(), servers.end(), audit.at("server")) == servers.end()) {
            servers.push_back(audit.at("server"));
        }
    }
    for (const json& server : servers) {
        std::vector<json> of_server;
        std::copy_if(audits.begin(), audits.end(), std::back_inserter(of_server),
                     [&server](const json& audit) { return audit.at("server") == server; });
        const json& first = of_server.front();
        const audit::server_model model = audit::server_model_from_json(server);
        fmt::print(
            "### {}: {}\n{:g} requests/s asked for, {} connections, {:g} s. In brackets: the "
            "error.\n\n{}\n",
            audit::name_of(model.kind), audit::describe(model),
            first.at("rate_per_s").get<double>(), first.at("connections").get<std::int64_t>(),
            first.at("measured_ns").get<double>() / 1e9,
            markdown_table(audit::table_rows(of_server)));
        for (const std::string& note : audit::table_notes(of_server)) {
            fmt::print("{}\n", note);
        }
        fmt::print("\n");
    }
}

/// The tables of a file that this verb wrote before.
int print_again(const std::string& file) {
    std::vector<json> audits;
    for (json& other : read_results(file).others) {
        if (other.value("record", "") == "audit") {
            audits.push_back(std::move(other));
        }
    }
    if (audits.empty()) {
        throw usage_failure(
            fmt::format("--from {}: has no audit; give a file that `regatta audit` wrote", file));
    }
    try {
        print_tables(audits);
    } catch (const json::exception& error) {
        throw failure(
            fmt::format("{}: an audit is not as results/FORMAT.md says: {}", file, error.what()));
    }
    return 0;
}

/// The `run` record of these audits, whose benchmarks are no workloads of this project.
json run_record_of(const std::string& run_id, const std::vector<audit_arm>& arms,
                   const audit_settings& settings) {
    const run_request request{command_line(),
                              nullptr,
                              nullptr,
                              settings.seed,
                              1,
                              settings.placed.mode,
                              calibrate_rounds_per_us(usable_cpus().front())};
    json record = run_record(run_id, request, {});
    for (const audit_arm& arm : arms) {
        record["benchmarks"].push_back(audit::name_of(arm, settings));
    }
    return record;
}

/// Runs all arms, each on record as it ends; gives whether the user cut it short.
bool run_all(const std::vector<audit_arm>& arms, const audit_settings& settings, bool is_quiet,
             record_writer& record, std::vector<json>& audits) {
    const progress line(arms.size(), !is_quiet);
    try {
        for (const audit_arm& arm : arms) {
            line.show(audits.size(), audit::name_of(arm, settings));
            json fields = run_audit(arm, settings);
            fields["audit"] = audits.size();
            record.append("audit", fields);
            audits.push_back(std::move(fields));
        }
    } catch (const interrupted&) {
        return true;
    }
    return false;
}

std::vector<audit_arm> arms_of(const std::vector<std::unique_ptr<load_tool>>& tools,
                               const std::vector<audit::server_model>& models) {
    std::vector<audit_arm> arms;
    for (const audit::server_model& model : models) {
        for (const auto& tool : tools) {
            for (const audit::arrival_process process : tool->arrivals()) {
                arms.push_back({tool.get(), process, model});
            }
        }
    }
    return arms;
}

int run_audits(const audit_options& options) {
    const auto tools = chosen_tools(options);
    const std::uint64_t seed = options.seed.value_or(std::random_device{}());
    std::vector<audit::server_model> models;
    std::vector<std::string> names = options.servers;
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    models.reserve(names.size());
    for (const std::string& name : names) {
        models.push_back(model_of(name, options, seed));
    }
    const auto arms = arms_of(tools, models);
    const audit_settings settings{options.rate_per_s, options.connections, options.seconds, seed,
                                  place(placement_mode::split, usable_cpus(), 1, true)};
    const interrupt_guard guard;
    const std::string run_id = make_run_id(seed);
    const auto file = results_file(options.out, run_id);
    record_writer record(file, options.is_forced);
    record.append("run", run_record_of(run_id, arms, settings));
    std::vector<json> audits;
    const bool is_cut_short = run_all(arms, settings, options.is_quiet, record, audits);
    const auto failed = std::count_if(audits.begin(), audits.end(), [](const json& audit) {
        return audit.at("status") == "failed";
    });
    record.append("end", {{"finished_at", time_now()},
                          {"trials", 0},
                          {"ok", 0},
                          {"invalid", 0},
                          {"failed", 0},
                          {"interrupted", is_cut_short}});
    print_tables(audits);
    fmt::print("Results: {}\n", file.string());
    if (is_cut_short) {
        return interrupted_status();
    }
    return failed == 0 ? 0 : 1;
}

constexpr const char* audit_examples =
    R"(Each tool loads a server whose response times are known beforehand: `fixed` answers after 0.5 ms;
`freeze` too, and does nothing for 1 s in every 10 s; `mm1` is a queue with exponential service, 70 %
busy. Tools: regatta-load, and wrk, h2load, hey and sockperf where they are installed.
Exit status: 0, or 1 when an installed tool failed. The size of an error is no failure.

Examples:
  regatta audit
  regatta audit --tool regatta-load --server mm1 --server fixed
  regatta audit --tool wrk --rate 5000 --seconds 60 --out audit.jsonl
  regatta audit --from audit.jsonl)";

const registered_verb audit_verb(
    "audit", "do load generators tell the truth? ours and others'", [](CLI::App& command) {
        auto options = std::make_shared<audit_options>();
        command.footer(audit_examples);
        command.add_option("--tool", options->tools, "only this one (repeatable)")
            ->type_name("NAME")
            ->allow_extra_args(false);
        command
            .add_option("--server", options->servers, "fixed, freeze (default) or mm1 (repeatable)")
            ->type_name("KIND")
            ->allow_extra_args(false)
            ->check(CLI::IsMember(audit::server_kind_names()));
        command.add_option("--rate", options->rate_per_s, "requests a second (default 2000)")
            ->type_name("N")
            ->check(CLI::Range(1.0, 1e6));
        command.add_option("--connections", options->connections, "(default 20)")
            ->type_name("N")
            ->check(CLI::Range(1, 10'000));
        command.add_option("--seconds", options->seconds, "of each audit (default 20)")
            ->type_name("S")
            ->check(CLI::Range(1, 3600));
        command
            .add_option("--seed", options->seed, "of arrivals and service times (default random)")
            ->type_name("N");
        declare_results_file(command, options->out, options->is_forced);
        command.add_flag("--quiet", options->is_quiet, "no progress");
        CLI::Option* const from =
            command
                .add_option("--from", options->from, "print the tables of this file; run nothing")
                ->type_name("FILE");
        for (CLI::Option* const other : command.get_options()) {
            if (other != from && other != command.get_help_ptr()) {
                from->excludes(other);
            }
        }
        return [options] {
            return options->from.empty() ? run_audits(*options) : print_again(options->from);
        };
    });

}  // namespace
}  // namespace regatta::cli
