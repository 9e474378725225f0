#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "harness/cli/read_results.hpp"
#include "harness/cli/verb.hpp"
#include "harness/plan/filter.hpp"
#include "harness/plan/nearest.hpp"
#include "harness/record/memory_table.hpp"
#include "harness/record/pivot.hpp"
#include "harness/record/ranks_table.hpp"
#include "harness/record/record_reader.hpp"
#include "harness/record/summary.hpp"
#include "harness/record/table.hpp"

namespace regatta::cli {
namespace {

struct compare_options {
    std::vector<std::string> files;
    std::string metric;
    std::string rows;
    std::string columns;
    std::string baseline;
    std::string filter;
};

/// The string at `key` of an object, or `fallback` where there is none.
std::string text_at(const nlohmann::json& object, const char* key, const std::string& fallback) {
    if (!object.is_object()) {
        return fallback;
    }
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : fallback;
}

/// What is compared: the records of all files that have a benchmark.
struct contents {
    std::vector<nlohmann::json> trials;  ///< each with the id of its run
    std::vector<nlohmann::json> memory;
};

contents read_all(const std::vector<std::string>& files) {
    contents all;
    std::set<std::string> run_ids;
    std::set<std::string> machines;
    for (const std::string& file : files) {
        record_file content = cli::read_results(file);
        const std::string run_id = text_at(content.run, "run_id", file);
        if (!run_ids.insert(run_id).second) {
            throw usage_failure(
                fmt::format("{}: run {} was given already; name each run once", file, run_id));
        }
        if (content.run.is_object()) {
            machines.insert(
                text_at(content.run.value("machine", nlohmann::json()), "fingerprint", "unknown"));
        }
        for (nlohmann::json& trial : content.trials) {
            trial["run_id"] = run_id;
            all.trials.push_back(std::move(trial));
        }
        std::copy_if(content.others.begin(), content.others.end(), std::back_inserter(all.memory),
                     [](const auto& other) { return text_at(other, "record", "") == "memory"; });
    }
    if (machines.size() > 1) {
        fmt::print(stderr,
                   "these runs are of different machines: their figures differ for that "
                   "reason too\n");
    }
    return all;
}

void keep_matching(contents& all, const std::string& expression) {
    const filter wanted(expression);
    const auto is_unwanted = [&wanted](const nlohmann::json& record) {
        return !wanted.matches(text_at(record, "benchmark", ""));
    };
    std::erase_if(all.trials, is_unwanted);
    std::erase_if(all.memory, is_unwanted);
    if (all.trials.empty() && all.memory.empty()) {
        throw usage_failure(
            fmt::format("--filter '{}' matches no benchmark of these files", expression));
    }
}

std::vector<std::string> metrics_of(const std::vector<nlohmann::json>& trials) {
    std::set<std::string> names;
    for (const nlohmann::json& trial : trials) {
        const auto metrics = trial.find("metrics");
        if (metrics != trial.end() && metrics->is_object()) {
            for (const auto& [name, value] : metrics->items()) {
                names.insert(name);
            }
        }
        if (const auto apart = trial.find("apart"); apart != trial.end() && apart->is_object()) {
            names.insert(std::begin(apart_metrics), std::end(apart_metrics));
        }
    }
    return {names.begin(), names.end()};
}

void require(const char* option, const std::string& word, const std::vector<std::string>& choices) {
    if (std::find(choices.begin(), choices.end(), word) == choices.end()) {
        throw usage_failure(fmt::format("{} {}: unknown here; choose from {}", option, word,
                                        nearest_first(word, choices)));
    }
}

pivot_layout checked_layout(const compare_options& options,
                            const std::vector<nlohmann::json>& trials,
                            const std::vector<benchmark_summary>& summaries) {
    pivot_layout layout;
    const auto take = [](std::string& field, const std::string& word) {
        field = word.empty() ? field : word;
    };
    take(layout.metric, options.metric);
    take(layout.rows, options.rows);
    take(layout.columns, options.columns);
    layout.baseline = options.baseline;
    require("--metric", layout.metric, metrics_of(trials));
    const std::vector<std::string> dimensions = pivot_dimensions(summaries);
    require("--rows", layout.rows, dimensions);
    if (!options.columns.empty()) {
        require("--columns", layout.columns, dimensions);
    }
    if (layout.rows == layout.columns) {
        throw usage_failure(
            fmt::format("--rows and --columns are both {}; choose two", layout.rows));
    }
    if (!layout.baseline.empty()) {
        std::vector<std::string> candidates = pivot_values(summaries, layout, layout.rows);
        for (const std::string& value : pivot_values(summaries, layout, layout.columns)) {
            candidates.push_back(value);
        }
        std::erase(candidates, "-");
        require("--baseline", layout.baseline, candidates);
    }
    return layout;
}

/// The tables that the verbs printed which made the files.
void print_tables(const contents& all) {
    if (!all.trials.empty() || all.memory.empty()) {
        fmt::print("{}", render_table(all.trials));
    }
    if (const std::string ranks = render_ranks(all.trials); !ranks.empty()) {
        fmt::print("\n{}", ranks);
    }
    if (!all.memory.empty()) {
        fmt::print("{}{}", all.trials.empty() ? "" : "\n",
                   render_memory(memory_verdicts(all.memory), all.memory));
    }
}

int compare(const compare_options& options) {
    contents all = read_all(options.files);
    if (!options.filter.empty()) {
        keep_matching(all, options.filter);
    }
    const bool is_pivot = !options.metric.empty() || !options.rows.empty() ||
                          !options.columns.empty() || !options.baseline.empty();
    try {
        if (!is_pivot) {
            print_tables(all);
            return 0;
        }
        const std::vector<benchmark_summary> summaries = summarise_trials(all.trials);
        fmt::print("{}", render_pivot(summaries, checked_layout(options, all.trials, summaries)));
    } catch (const failure&) {
        throw;
    } catch (const std::runtime_error& error) {
        throw failure(fmt::format("{}: {}", fmt::join(options.files, ", "), error.what()));
    }
    return 0;
}

constexpr const char* compare_examples =
    R"(Without options: the table that `run` or `memory` prints. With any of --metric, --rows, --columns, --baseline:
one metric (throughput_per_s unless told otherwise) by rows and columns.

Examples:
  regatta compare mine.jsonl
  regatta compare mine.jsonl --metric latency_ns_p99 --filter '^echo/'
  regatta compare mine.jsonl --baseline thread
  regatta compare mine.jsonl --rows benchmark --columns runtime --baseline asio
  regatta compare mine.jsonl --metric others_latency_ns_p99 --columns heavy --baseline offload)";

const registered_verb compare_verb("compare", "tables from results files", [](CLI::App& command) {
    auto options = std::make_shared<compare_options>();
    command.footer(compare_examples);
    command.add_option("FILE", options->files, "results files")->required();
    command.add_option("--metric", options->metric, "throughput_per_s, latency_ns_p99, ...");
    command.add_option("--rows", options->rows,
                       "runtime (default), benchmark, workload, mode, run or a parameter");
    command.add_option("--columns", options->columns, "the same; default: connections");
    command.add_option("--baseline", options->baseline,
                       "a row or column; the others are printed as ratios to it");
    command.add_option("--filter", options->filter,
                       "benchmarks (workload/runtime/param:value) that match this expression");
    return [options] { return compare(*options); };
});

}  // namespace
}  // namespace regatta::cli
