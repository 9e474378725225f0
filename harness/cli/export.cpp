#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "harness/cli/read_results.hpp"
#include "harness/cli/verb.hpp"
#include "harness/plan/filter.hpp"
#include "harness/plan/nearest.hpp"
#include "harness/record/export.hpp"
#include "harness/record/record_reader.hpp"

namespace regatta::cli {
namespace {

namespace fs = std::filesystem;

struct export_options {
    std::string file;
    std::string format;
    std::string filter;
    std::string out;
};

const export_format& format_named(const std::string& name) {
    const auto& all = export_formats();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const export_format& each) { return each.name == name; });
    if (found == all.end()) {
        std::vector<std::string> names;
        for (const export_format& each : all) {
            names.push_back(each.name);
        }
        throw usage_failure(
            fmt::format("--format {}: unknown; choose from {}", name, nearest_first(name, names)));
    }
    return *found;
}

export_source read_source(const export_options& options) {
    record_file content = cli::read_results(options.file);
    if (!options.filter.empty()) {
        const filter wanted(options.filter);
        std::erase_if(content.trials, [&wanted](const nlohmann::json& trial) {
            return !wanted.matches(trial.value("benchmark", ""));
        });
    }
    if (content.trials.empty()) {
        throw usage_failure(options.filter.empty()
                                ? fmt::format("{} has no trials: nothing to export", options.file)
                                : fmt::format("--filter '{}' matches no benchmark of {}",
                                              options.filter, options.file));
    }
    try {
        std::vector<distribution> distributions = distributions_of(content.trials);
        return {std::move(content.run), std::move(content.trials), std::move(distributions)};
    } catch (const failure& reason) {
        throw failure(fmt::format("{}: {}", options.file, reason.what()));
    }
}

/// `name` of a benchmark as the name of a file.
std::string file_name(std::string name) {
    std::replace(name.begin(), name.end(), '/', '_');
    std::replace(name.begin(), name.end(), ':', '-');
    return name;
}

void write_export(const fs::path& file, const std::string& text) {
    errno = 0;
    std::ofstream stream(file, std::ios::binary | std::ios::trunc);
    stream << text;
    stream.close();
    if (!stream) {
        throw failure(fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
    }
    fmt::print("{}\n", file.string());
}

/// The part of `source` that is about the benchmark and mode of `part`.
export_source only(const export_source& source, const distribution& part) {
    export_source one{source.run, {}, {part}};
    for (const nlohmann::json& trial : source.trials) {
        const auto open =
            std::string(trial.value("mode", nlohmann::json()) == "open" ? "/mode:open" : "");
        if (trial.value("benchmark", "") + open == part.name) {
            one.trials.push_back(trial);
        }
    }
    return one;
}

/// A file for each benchmark with valid trials.
void write_folder(const export_source& source, const export_format& format, const fs::path& out) {
    std::error_code problem;
    fs::create_directories(out, problem);
    if (problem) {
        throw failure(
            fmt::format("cannot make the folder {}: {}", out.string(), problem.message()));
    }
    std::set<std::string> names;
    for (const distribution& each : source.distributions) {
        const std::string name = file_name(each.name);
        if (!names.insert(name).second) {
            throw failure(
                fmt::format("two benchmarks would be called {}; choose one by --filter", name));
        }
        write_export(out / (name + "." + format.ending), format.write(only(source, each)));
    }
}

int export_trials(const export_options& options) {
    const export_format& format = format_named(options.format);
    const export_source source = read_source(options);
    const bool is_folder = options.out.ends_with('/') || fs::is_directory(options.out);
    if (format.needs_latency && source.distributions.empty()) {
        throw failure(
            fmt::format("{}: no trial chosen is valid: no latencies to export; the reasons: "
                        "regatta export {} --format csv",
                        options.file, options.file));
    }
    if (is_folder) {
        write_folder(source, format, options.out);
        return 0;
    }
    if (format.holds_one && source.distributions.size() > 1) {
        throw usage_failure(
            fmt::format("a file of --format {} holds one benchmark, and {} were chosen; give --out "
                        "DIR/, or --filter",
                        format.name, source.distributions.size()));
    }
    const std::string text = format.write(source);
    if (options.out.empty()) {
        fmt::print("{}", text);
    } else {
        write_export(options.out, text);
    }
    return 0;
}

std::string export_examples() {
    std::string text = "Formats:\n";
    for (const export_format& each : export_formats()) {
        text += fmt::format("  {:<8} {}\n", each.name, each.about);
    }
    return text +
           R"(To standard output unless --out says otherwise. A folder (it exists, or ends in '/') gets a file for
each benchmark. Only csv has the trials that are not valid.

Examples:
  regatta export mine.jsonl --format csv > mine.csv
  regatta export mine.jsonl --format hlog --out mine.hlog
  regatta export mine.jsonl --format hgrm --filter '^echo/' --out percentiles/
  regatta export mine.jsonl --format gbench --out mine.json)";
}

const registered_verb export_verb(
    "export", "results in the formats of other tools", [](CLI::App& command) {
        auto options = std::make_shared<export_options>();
        std::sort(export_formats().begin(), export_formats().end(),
                  [](const export_format& a, const export_format& b) { return a.name < b.name; });
        command.footer(export_examples());
        command.add_option("FILE", options->file, "a results file")->required();
        command.add_option("--format", options->format, "one of the formats below")->required();
        command.add_option("--filter", options->filter,
                           "benchmarks (workload/runtime/param:value) that match this expression");
        command.add_option("--out", options->out, "where to")->type_name("FILE|DIR");
        return [options] {
            try {
                return export_trials(*options);
            } catch (const nlohmann::json::exception& error) {
                throw failure(fmt::format("{}: a trial is not as results/FORMAT.md says: {}",
                                          options->file, error.what()));
            }
        };
    });

}  // namespace
}  // namespace regatta::cli
