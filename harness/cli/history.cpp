#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "harness/cli/plots_program.hpp"
#include "harness/cli/verb.hpp"
#include "harness/record/history_table.hpp"

namespace regatta::cli {
namespace {

constexpr const char* history_examples =
    R"(`add` appends the medians of results files to a history: one line of JSON a run, never changed after;
a run that is there already is left alone. `show` prints, for each benchmark on each machine, the latest
figure and where its level changed; --figure draws them all, with the levels.

Examples:
  regatta history add main.jsonl results/raw/RUN_ID.jsonl
  regatta history show main.jsonl --metric server_cpu_ns_per_op
  regatta history show main.jsonl --filter '^echo/' --figure trend.svg)";

struct history_options {
    std::string action;
    std::string file;
    std::vector<std::string> records;
    std::vector<std::string> metrics;
    std::string filter = ".*";
    std::string figure;
    bool is_json = false;
};

int add_runs(const history_options& options) {
    if (options.records.empty()) {
        throw usage_failure("history add: name the results files to add");
    }
    for (const std::string& record : options.records) {
        nlohmann::json entry;
        try {
            entry = history_entry(read_record_file(record));
        } catch (const failure& reason) {
            const std::string words = reason.what();
            throw failure(words.find(record) != std::string::npos ? words : record + ": " + words);
        } catch (const std::runtime_error& reason) {
            throw failure(fmt::format("{}: {}", record, reason.what()));
        }
        const auto run_id = entry.at("run_id").get<std::string>();
        if (append_to_history(options.file, entry)) {
            fmt::print("{}: run {}, {} benchmarks\n", options.file, run_id,
                       entry.at("benchmarks").size());
        } else {
            fmt::print("{}: run {} is there already\n", options.file, run_id);
        }
    }
    return 0;
}

std::string lines_of(const std::vector<history_series>& all) {
    std::string lines;
    for (const history_series& each : all) {
        lines += to_json(each).dump() + "\n";
    }
    return lines;
}

/// From now on standard input is `text`, for this program and what it becomes.
void become_reader_of(const std::string& text) {
    const int descriptor = ::memfd_create("series", MFD_CLOEXEC);
    for (std::size_t done = 0; descriptor >= 0 && done < text.size();) {
        const ssize_t written = ::write(descriptor, text.data() + done, text.size() - done);
        if (written < 0 && errno != EINTR) {
            break;
        }
        done += written < 0 ? 0 : static_cast<std::size_t>(written);
    }
    if (descriptor < 0 || ::lseek(descriptor, 0, SEEK_END) != static_cast<off_t>(text.size()) ||
        ::lseek(descriptor, 0, SEEK_SET) != 0 || ::dup2(descriptor, STDIN_FILENO) < 0) {
        throw failure(
            fmt::format("cannot hand the series to the figure: {}", std::strerror(errno)));
    }
}

int show_series(const history_options& options) {
    if (!options.records.empty()) {
        throw usage_failure(fmt::format("history show: unexpected '{}'; it takes one history",
                                        options.records.front()));
    }
    const history all = read_history(options.file);
    if (all.torn_lines != 0) {
        fmt::print(stderr, "{}: {} line(s) cut short were left out\n", options.file,
                   all.torn_lines);
    }
    const std::vector<std::string> metrics =
        options.metrics.empty()
            ? std::vector<std::string>{"throughput_per_s", "server_cpu_ns_per_op"}
            : options.metrics;
    const auto series = series_of(all, metrics, options.filter);
    if (series.empty()) {
        throw failure(
            fmt::format("{}: no figure matches; without --metric and --filter it shows "
                        "throughput_per_s and server_cpu_ns_per_op of all benchmarks",
                        options.file));
    }
    if (!options.figure.empty()) {
        become_reader_of(lines_of(series));
        return become_plots_program({"history", "/dev/stdin", "-o", options.figure}, "figure");
    }
    fmt::print("{}", options.is_json ? lines_of(series) : render_history(series));
    return 0;
}

const registered_verb history_verb(
    "history", "keep figures over time, find where they changed", [](CLI::App& command) {
        auto options = std::make_shared<history_options>();
        command.footer(history_examples);
        command.add_option("ACTION", options->action, "add or show")
            ->required()
            ->check(CLI::IsMember({"add", "show"}));
        command.add_option("FILE", options->file, "the history; add makes it when missing")
            ->required();
        command.add_option("RECORD", options->records, "add: results files");
        command
            .add_option("--metric", options->metrics,
                        "show: this one (repeatable) in place of rate and CPU time")
            ->type_name("METRIC")
            ->allow_extra_args(false);
        command.add_option("--filter", options->filter,
                           "show: benchmarks that match this regular expression");
        command.add_option("--figure", options->figure, "show: draw them, as SVG or PNG")
            ->type_name("FILE");
        command.add_flag("--json", options->is_json, "show: one JSON object a line");
        return [options] {
            return options->action == "add" ? add_runs(*options) : show_series(*options);
        };
    });

}  // namespace
}  // namespace regatta::cli
