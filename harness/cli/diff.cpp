#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "harness/cli/baseline.hpp"
#include "harness/cli/read_results.hpp"
#include "harness/cli/verb.hpp"
#include "harness/record/difference_table.hpp"
#include "harness/record/one_build.hpp"
#include "harness/record/record_reader.hpp"

namespace regatta::cli {
namespace {

constexpr int diff_status_worse = 1;
constexpr int diff_status_not_judged = 3;
constexpr int diff_status_nothing_compared = 4;

constexpr const char* diff_examples =
    R"(Two results files, the older one first: the ratio of each metric of each benchmark with its 95 %
interval (Welch's t on the logarithm). They were measured at different times, so nothing cancels; see
`regatta gate` for a comparison in pairs. "worse" and "better" are more than the tolerance, with at most
5 % risk of one wrong verdict in all (Holm). Exit status: 0 nothing is worse, 1 something is, 2 usage,
3 not judged because the machines differ, 4 nothing was compared.

Examples:
  regatta diff before.jsonl after.jsonl
  regatta diff --baseline v1 mine.jsonl --metric server_cpu_ns_per_op
  regatta diff before.jsonl after.jsonl --format markdown >> "$GITHUB_STEP_SUMMARY")";

struct diff_options {
    std::vector<std::string> files;
    std::string baseline;
    std::string format = "table";
    double tolerance_percent = 5;
    difference_request request;
};

record_file read_half(const std::string& file) {
    record_file content = cli::read_results(file);
    try {
        require_one_build(content);
    } catch (const failure& reason) {
        throw failure(fmt::format("{}: {}", file, reason.what()));
    }
    return content;
}

int diff(diff_options& options) {
    const bool is_named = !options.baseline.empty();
    if (options.files.size() != (is_named ? 1 : 2)) {
        throw usage_failure(is_named ? "give one results file beside --baseline"
                                     : "give two results files, the older one first");
    }
    const compared_files files{
        is_named ? baseline_file(options.baseline).string() : options.files.front(),
        options.files.back()};
    options.request.tolerance = options.tolerance_percent / 100;
    record_difference found;
    try {
        found = difference_of(read_half(files.before), read_half(files.after), options.request);
    } catch (const failure&) {
        throw;
    } catch (const std::runtime_error& error) {
        throw failure(fmt::format("{}, {}: {}", files.before, files.after, error.what()));
    }
    const compared_files shown{std::filesystem::path(files.before).filename().string(),
                               std::filesystem::path(files.after).filename().string()};
    if (options.format == "json") {
        fmt::print("{}\n", to_json(found, shown).dump(2));
    } else {
        fmt::print("{}", render_difference(found, shown, options.format == "markdown"));
    }
    if (found.rows.empty()) {
        return diff_status_nothing_compared;
    }
    if (found.why_not_judged) {
        return diff_status_not_judged;
    }
    return found.count(metric_difference::finding::worse) != 0 ? diff_status_worse : 0;
}

const registered_verb diff_verb(
    "diff", "what differs between two results files", [](CLI::App& command) {
        auto options = std::make_shared<diff_options>();
        command.footer(diff_examples);
        command.add_option("FILE", options->files, "results files: the older one, the newer one");
        command
            .add_option("--baseline", options->baseline,
                        "in place of the older one: results/baselines/NAME.jsonl")
            ->type_name("NAME");
        command
            .add_option("--metric", options->request.metrics,
                        "only this one (repeatable): throughput_per_s, latency_ns_p99, ...")
            ->type_name("METRIC")
            ->allow_extra_args(false);
        command.add_option("--filter", options->request.filter,
                           "only benchmarks that match this regular expression");
        command
            .add_option("--tolerance", options->tolerance_percent,
                        "per cent that a figure may differ and pass (default 5)")
            ->type_name("P")
            ->check(number_from(0, 1000));
        command.add_flag("--across-machines", options->request.across_machines,
                         "judge although the machines are not the same");
        command.add_option("--format", options->format, "table, markdown (a report) or json")
            ->type_name("FORMAT")
            ->check(CLI::IsMember({"table", "markdown", "json"}));
        return [options] { return diff(*options); };
    });

}  // namespace
}  // namespace regatta::cli
