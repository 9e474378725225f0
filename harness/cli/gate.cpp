#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>

#include "harness/cli/common_options.hpp"
#include "harness/cli/gate_run.hpp"
#include "harness/cli/verb.hpp"
#include "harness/gate/output.hpp"
#include "harness/gate/source_build.hpp"
#include "harness/gate/table.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/plan/nearest.hpp"
#include "harness/server/interrupt.hpp"

namespace {

using namespace regatta;
using nlohmann::json;

constexpr const char* gate_examples =
    R"(Runs pairs of short trials, one of each build, in random order, until it is known of each metric that it is
not worse by its tolerance, or that it is; harness/gate/README.md has the rule. Without SUITE|FILTER: the
suite gate.
Exit status: 0 pass, 1 regression, 2 usage, 3 inconclusive (with --on-inconclusive fail), 4 nothing could be
compared, 5 the gate itself failed.

Examples:
  regatta gate --base-ref origin/main         builds that commit and compares this build with it
  regatta gate --base old/build --head build/release 'echo/(epoll|uring)/' --budget 120
  regatta gate --base-ref v1.2 --report markdown=gate.md --report junit=gate.xml --report github
  regatta gate --from results/raw/RUN_ID.jsonl --report markdown    a run that was, told again
  regatta gate --selftest                     does it find 15 %, and nothing where there is nothing?)";

constexpr int internal_status = 5;
/// What a CI step may take, the build of the base left out.
constexpr double default_budget_s = 300;

struct gate_options {
    cli::gate_request request;
    std::optional<std::string> what;
    std::string base;
    std::string base_ref;
    std::string head;
    std::string from;
    std::optional<std::uint64_t> seed;
    double budget_s = default_budget_s;
    std::vector<std::string> metrics;
    std::vector<std::string> tolerances;
    std::string on_inconclusive = "pass";
    std::vector<std::string> reports;
    bool is_selftest = false;
    std::string out;
};

gate::metric metric_called(const std::string& name, const char* option) {
    const gate::metric* found = gate::find_metric(name);
    if (found == nullptr) {
        throw usage_failure(fmt::format("{}: there is no metric '{}'; there are: {}", option, name,
                                        gate::metric_words()));
    }
    return *found;
}

/// "5" or "p99=15", in per cent.
void set_tolerance(const std::string& text, std::vector<gate::metric>& metrics) {
    const std::size_t equals = text.find('=');
    std::string number = equals == std::string::npos ? text : text.substr(equals + 1);
    if (number.ends_with('%')) {
        number.pop_back();
    }
    double percent = 0;
    if (!CLI::detail::lexical_cast(number, percent) || !(percent >= 0.1 && percent <= 1000)) {
        throw usage_failure(fmt::format(
            "--tolerance takes per cent from 0.1 to 1000, like 5 or p99=15, not '{}'", text));
    }
    bool is_used = equals == std::string::npos;
    const std::string name =
        is_used ? "" : std::string(metric_called(text.substr(0, equals), "--tolerance").field);
    for (gate::metric& each : metrics) {
        if (equals == std::string::npos || each.field == name) {
            each.tolerance = percent / 100;
            is_used = true;
        }
    }
    if (!is_used) {
        throw usage_failure(fmt::format("--tolerance {}: it is not among --metrics", text));
    }
}

std::vector<gate::metric> metrics_of(const gate_options& options) {
    std::vector<gate::metric> chosen;
    for (const std::string& name : options.metrics) {
        chosen.push_back(metric_called(name, "--metrics"));
    }
    if (chosen.empty()) {
        chosen.assign(gate::metrics.begin(), gate::metrics.end());
    }
    for (const std::string& text : options.tolerances) {
        set_tolerance(text, chosen);
    }
    return chosen;
}

/// A form and the file that it goes to; empty: standard output.
struct wanted_report {
    const gate::output_format* format;
    std::string file;
};

std::vector<wanted_report> reports_of(const gate_options& options) {
    std::vector<wanted_report> wanted;
    for (const std::string& text : options.reports) {
        const std::size_t equals = text.find('=');
        const std::string name = text.substr(0, equals);
        std::vector<std::string> names;
        for (const gate::output_format& each : gate::output_formats()) {
            names.push_back(each.name);
        }
        const auto& all = gate::output_formats();
        const auto found = std::find_if(all.begin(), all.end(),
                                        [&](const auto& each) { return each.name == name; });
        if (found == all.end()) {
            throw usage_failure(
                fmt::format("--report {}: choose from {}", text, nearest_first(name, names)));
        }
        wanted.push_back({&*found, equals == std::string::npos ? "" : text.substr(equals + 1)});
    }
    return wanted;
}

void write_text(const std::string& file, const std::string& text, std::ios::openmode mode) {
    std::ofstream stream(file, mode);
    stream << text << std::flush;
    if (!stream) {
        throw failure(fmt::format("cannot write {}", file));
    }
}

void tell(const gate::report& told, const std::vector<wanted_report>& wanted) {
    for (const wanted_report& each : wanted) {
        const std::string text = each.format->write(told);
        if (each.file.empty()) {
            fmt::print("{}", text);
        } else {
            write_text(each.file, text, std::ios::trunc);
        }
        const char* summary = std::getenv("GITHUB_STEP_SUMMARY");
        if (each.format->name == "github" && summary != nullptr && *summary != '\0') {
            write_text(summary, gate::write_as("markdown", told), std::ios::app);
        }
    }
}

void say_step(const std::string& step) {
    fmt::print(stderr, "{}\n", step);
}

gate::side open_head(const gate_options& options) {
    return gate::open_side(
        "head", options.head.empty() ? program_folder() : std::filesystem::path(options.head));
}

int conclude(const cli::gate_result& result, const std::vector<wanted_report>& wanted) {
    // A report on standard output is for a program, which the table would confuse.
    const bool is_taken = std::any_of(wanted.begin(), wanted.end(),
                                      [](const wanted_report& each) { return each.file.empty(); });
    fmt::print(is_taken ? stderr : stdout, "{}Results: {}\n", gate::render_terminal(result.told),
               result.file.string());
    tell(result.told, wanted);
    return is_interrupted() ? interrupted_status()
                            : result.told.summary.at("exit_status").get<int>();
}

int compare_with_folder(const gate_options& options, const std::vector<std::string>& argv) {
    const auto wanted = reports_of(options);
    const gate::side base = gate::open_side("base", options.base);
    const gate::side head = open_head(options);
    if (std::filesystem::equivalent(base.folder, head.folder) &&
        !options.request.measures_identical && options.request.injection.empty()) {
        throw usage_failure(
            "--base and --head are the same folder; to see what the gate says then, add "
            "--measure-identical");
    }
    return conclude(run_gate(options.request, base, head, argv), wanted);
}

int compare_with_reference(const gate_options& options, const std::vector<std::string>& argv) {
    const auto wanted = reports_of(options);
    const gate::side head = open_head(options);
    const auto like = options.head.empty() ? program_folder() : std::filesystem::path(options.head);
    const auto source = gate::source_of_build(like);
    const gate::source_build built(source.empty() ? source_folder() : source, options.base_ref,
                                   like, cli::runtimes_wanted(options.request, head),
                                   options.request.is_quiet ? [](const std::string&) {} : say_step);
    gate::side base = gate::open_side("base", built.folder());
    base.reference = options.base_ref;
    base.commit = built.commit();
    return conclude(run_gate(options.request, base, head, argv), wanted);
}

int tell_again(const gate_options& options) {
    const auto wanted = reports_of(options);
    const gate::report told = gate::read_report(options.from);
    if (wanted.empty()) {
        fmt::print("{}", gate::render_terminal(told));
    }
    tell(told, wanted);
    return told.summary.at("exit_status").get<int>();
}

/// One comparison of this build with itself, without or with work injected into the head; gives
/// whether it was judged right.
bool selftest_run(const gate_options& options, const std::string& injection, int wanted_status,
                  const std::vector<std::string>& argv) {
    cli::gate_request request = options.request;
    request.injection = injection;
    request.measures_identical = true;
    request.metrics = {metric_called("cpu", "--metrics")};
    if (!request.out.empty()) {
        request.out.replace_filename(request.out.stem().string() +
                                     (injection.empty() ? "-same" : "-slowed") +
                                     request.out.extension().string());
    }
    const gate::side base = open_head(options);
    const gate::side head = open_head(options);
    const cli::gate_result result = run_gate(request, base, head, argv);
    const int status = result.told.summary.at("exit_status").get<int>();
    const bool is_judged = result.told.summary.at("counts").value("INCONCLUSIVE", 0) == 0;
    const bool is_right = status == wanted_status && is_judged;
    fmt::print(
        "### {}\n\n{}\nExit status {}, and {} is right: {}.\n\n",
        injection.empty() ? "The same program on both sides" : "The head slowed by " + injection,
        gate::render_terminal(result.told), status, wanted_status,
        is_right ? "judged right" : "JUDGED WRONG");
    if (is_interrupted()) {
        throw interrupted();
    }
    return is_right;
}

int selftest(const gate_options& options, const std::vector<std::string>& argv) {
    const std::string injection =
        options.request.injection.empty() ? "cpu:15%" : options.request.injection;
    const bool knows_nothing = selftest_run(options, "", 0, argv);
    const bool knows_something = selftest_run(options, injection, 1, argv);
    return knows_nothing && knows_something ? 0 : internal_status;
}

void complete(gate_options& options) {
    cli::gate_request& request = options.request;
    request.metrics = metrics_of(options);
    request.budget_s = options.budget_s;
    request.seed = options.seed.value_or(std::random_device{}());
    request.fails_when_inconclusive = options.on_inconclusive == "fail";
    request.out = options.out;
    request.what = options.what.value_or(
        options.is_selftest ? "^echo/epoll/size:64/connections:50/workers:1$" : "gate");
}

int dispatch_gate(gate_options& options, const std::vector<std::string>& argv) {
    const int ways = !options.base.empty() + !options.base_ref.empty() + !options.from.empty() +
                     options.is_selftest;
    if (ways != 1) {
        throw usage_failure(
            "gate: give one of --base BUILD, --base-ref REF, --from FILE and --selftest");
    }
    complete(options);
    if (!options.from.empty()) {
        return tell_again(options);
    }
    const interrupt_guard guard;
    try {
        return options.is_selftest         ? selftest(options, argv)
               : !options.base_ref.empty() ? compare_with_reference(options, argv)
                                           : compare_with_folder(options, argv);
    } catch (const interrupted&) {
        return interrupted_status();
    }
}

/// Status 1 says that there is a regression, so what is wrong with the gate itself has another.
int guarded(gate_options& options, const std::vector<std::string>& argv) {
    try {
        return dispatch_gate(options, argv);
    } catch (const failure& error) {
        throw failure(error.what(),
                      error.exit_status() == 1 ? internal_status : error.exit_status());
    } catch (const std::exception& error) {
        throw failure(fmt::format("internal error: {}", error.what()), internal_status);
    }
}

void declare_sides(CLI::App& command, gate_options& options) {
    command.add_option("SUITE|FILTER", options.what, "a suite, or a filter on benchmark names")
        ->default_str("");
    command.add_option("FILTER", options.request.filter, "which benchmarks of the suite");
    command.add_option("--base", options.base, "the build to compare with")->type_name("DIR");
    command.add_option("--base-ref", options.base_ref, "a commit to build and compare with")
        ->type_name("REF");
    command.add_option("--head", options.head, "the build in question (default: this one)")
        ->type_name("DIR");
    command.add_option("--from", options.from, "tell a results file of the gate again")
        ->type_name("FILE");
    command.add_flag("--selftest", options.is_selftest,
                     "judge this build against itself, and slowed");
    command
        .add_option("--inject", options.request.injection,
                    "slow the head on purpose, like cpu:15% (runtimes/CONTRACT.md)")
        ->type_name("SPEC");
    command.add_flag("--measure-identical", options.request.measures_identical,
                     "measure programs that are the same file, too");
}

void declare_judgement(CLI::App& command, gate_options& options) {
    command
        .add_option("--budget", options.budget_s,
                    fmt::format("no pair begins later than this, in seconds (default {:.0f})",
                                default_budget_s))
        ->type_name("S")
        ->check(cli::number_from(1, 1e6));
    cli::declare_seed(command, options.seed, "of the order of trials");
    command
        .add_option("--metrics", options.metrics,
                    "those to judge (default all): " + gate::metric_words())
        ->type_name("M,...")
        ->delimiter(',');
    command
        .add_option("--tolerance", options.tolerances,
                    "per cent worse that is no regression, of all or one (repeatable)")
        ->type_name("[M=]PERCENT")
        ->allow_extra_args(false);
    command.add_option("--on-inconclusive", options.on_inconclusive, "pass (default) or fail")
        ->type_name("WHAT")
        ->check(CLI::IsMember({"pass", "fail"}));
}

void declare_gate(CLI::App& command, gate_options& options) {
    cli::gate_request& request = options.request;
    declare_sides(command, options);
    declare_judgement(command, options);
    cli::declare_short_trials(command, request.measure_s, request.warmup_s, request.placement);
    cli::declare(command, request.all);
    command.remove_option(command.get_option("--runtimes"));
    std::string forms;
    for (const gate::output_format& each : gate::output_formats()) {
        forms += (forms.empty() ? "" : ", ") + each.name;
    }
    command.add_option("--report", options.reports, "repeatable: " + forms)
        ->type_name("FORM[=FILE]")
        ->allow_extra_args(false);
    cli::declare_results_file(command, options.out, request.is_forced);
    command.add_flag("--quiet", request.is_quiet, "no progress");
}

const cli::registered_verb gate_verb(
    "gate", "is a build slower than another? for CI: verdicts, exit status", [](CLI::App& command) {
        auto options = std::make_shared<gate_options>();
        command.footer(gate_examples);
        declare_gate(command, *options);
        return [options] { return guarded(*options, cli::command_line()); };
    });

}  // namespace
