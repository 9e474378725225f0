#include <algorithm>
#include <map>
#include <memory>

#include "harness/cli/verb.hpp"
#include "harness/gate/metric.hpp"
#include "harness/gate/power.hpp"
#include "harness/plan/filter.hpp"
#include "harness/record/markdown.hpp"
#include "harness/record/record_reader.hpp"

namespace {

using namespace regatta;
using nlohmann::json;

constexpr const char* plan_examples =
    R"(For each change: the pairs of trials that a t test of a number of pairs fixed beforehand needs (5 %,
two-sided, found in 80 % of cases), and what regatta gate makes of it, by simulation: how often it finds it,
and after how many pairs. With a file of `regatta noise` or `regatta gate` the noise is that of its trials,
drawn again.
Exit status: 0, 1 the file has too few pairs, 2 usage.

Examples:
  regatta plan --cv 3                          trials vary by 3 %
  regatta plan results/raw/RUN_ID.jsonl --metrics cpu,p50 --filter echo
  regatta plan --cv 2 --changes 3,5 --tolerance 2 --cells 100)";

constexpr double default_tolerance_percent = 5;

struct plan_options {
    std::string file;
    std::optional<double> cv_percent;
    std::optional<std::string> filter_text;
    std::vector<std::string> metrics;
    std::vector<double> changes{2, 3, 5, 7, 10, 15, 20};
    std::optional<double> tolerance_percent;
    std::size_t cells = 20;
    int runs = 1000;
};

/// Differences of pairs, by benchmark and index of the metric.
using noise_by_cell = std::map<std::pair<std::string, std::size_t>, std::vector<double>>;

/// The two trials that make a pair: of a gate's file both sides of a round, of noise's the rounds
/// 2k and 2k + 1, of the same program.
std::string pair_of(const json& trial, bool& is_second) {
    const auto name = trial.at("benchmark").get<std::string>();
    const auto round = trial.at("round").get<std::uint64_t>();
    const std::size_t injected = name.find("/inject:");
    if (trial.contains("side")) {
        is_second = trial.at("side") == "head";
        return fmt::format("{} {}", name.substr(0, injected), round);
    }
    is_second = round % 2 == 1;
    return fmt::format("{} {}", name, round / 2);
}

noise_by_cell differences_in(const plan_options& options,
                             const std::vector<gate::metric>& metrics) {
    const record_file read = read_record_file(options.file);
    const json verb = read.run.is_object() ? read.run.value("verb", json()) : json();
    if (verb != "gate" && verb != "noise") {
        throw usage_failure(
            fmt::format("{}: not a file of regatta noise or regatta gate", options.file));
    }
    const filter kept(options.filter_text.value_or(".*"));
    std::map<std::string, std::pair<const json*, const json*>> pairs;
    for (const json& trial : read.trials) {
        bool is_second = false;
        const std::string key = pair_of(trial, is_second);
        if (trial.at("status") == "ok" && kept.matches(key.substr(0, key.rfind(' ')))) {
            (is_second ? pairs[key].second : pairs[key].first) = &trial;
        }
    }
    noise_by_cell found;
    for (const auto& [key, pair] : pairs) {
        if (pair.first == nullptr || pair.second == nullptr) {
            continue;
        }
        for (std::size_t i = 0; i < metrics.size(); ++i) {
            if (const auto difference =
                    gate::log_worsening(*pair.first, *pair.second, metrics[i].field)) {
                found[{key.substr(0, key.rfind(' ')), i}].push_back(*difference);
            }
        }
    }
    return found;
}

std::string percent(double share) {
    return fmt::format("{:.0f}", 100 * share);
}

void print_plan(const plan_options& options, const gate::pair_noise& noise, double tolerance,
                const std::string& title) {
    const gate::rule levels(options.cells);
    markdown_table table({{"change %"},
                          {"pairs, t test"},
                          {"gate finds %"},
                          {"OK %"},
                          {"minor %"},
                          {"inconclusive %"},
                          {"its pairs"}});
    for (const double change : options.changes) {
        const auto pairs = gate::pairs_for_t_test(noise.deviation(), change / 100);
        const gate::power found =
            gate::power_of(levels, noise, change / 100, tolerance, options.runs);
        table.add({fmt::format("{:g}", change), pairs ? std::to_string(*pairs) : "> 10,000",
                   percent(found.found), percent(found.ok), percent(found.minor),
                   percent(found.inconclusive), std::to_string(found.pairs_median)});
    }
    fmt::print("### {}: a pair differs by {:.2f} %, tolerance {:g} %, {} cells\n\n{}\n", title,
               100 * noise.deviation(), 100 * tolerance, options.cells, table.text());
}

std::vector<gate::metric> metrics_of(const plan_options& options) {
    std::vector<gate::metric> chosen;
    for (const std::string& name : options.metrics) {
        const gate::metric* found = gate::find_metric(name);
        if (found == nullptr) {
            throw usage_failure(fmt::format("--metrics: there is no metric '{}'; there are: {}",
                                            name, gate::metric_words()));
        }
        chosen.push_back(*found);
    }
    if (chosen.empty()) {
        chosen.assign(gate::metrics.begin(), gate::metrics.end());
    }
    for (gate::metric& each : chosen) {
        each.tolerance =
            options.tolerance_percent ? *options.tolerance_percent / 100 : each.tolerance;
    }
    return chosen;
}

int plan_from_file(const plan_options& options) {
    const std::vector<gate::metric> metrics = metrics_of(options);
    bool is_any = false;
    for (const auto& [cell, differences] : differences_in(options, metrics)) {
        const gate::metric& what = metrics[cell.second];
        if (const auto noise = gate::pair_noise::of_differences(differences)) {
            is_any = true;
            print_plan(options, *noise, what.tolerance,
                       fmt::format("{}, {} ({} pairs)", cell.first, what.word, differences.size()));
        }
    }
    if (!is_any) {
        throw failure(fmt::format("{}: no benchmark{} has 4 pairs of valid trials", options.file,
                                  options.filter_text ? " that the filter matches" : ""));
    }
    return 0;
}

int plan(const plan_options& options) {
    if (options.file.empty() != options.cv_percent.has_value()) {
        throw usage_failure("plan: give a file of regatta noise or regatta gate, or --cv PERCENT");
    }
    if (!options.file.empty()) {
        return plan_from_file(options);
    }
    if (!options.metrics.empty() || options.filter_text) {
        throw usage_failure("plan: --metrics and --filter choose from a file; --cv has none");
    }
    print_plan(
        options, gate::pair_noise::of_variation(*options.cv_percent / 100),
        options.tolerance_percent.value_or(default_tolerance_percent) / 100,
        fmt::format("Trials with a coefficient of variation of {:g} %", *options.cv_percent));
    return 0;
}

void declare_plan(CLI::App& command, plan_options& options) {
    command.add_option("FILE", options.file, "of regatta noise or regatta gate")->default_str("");
    command.add_option("--cv", options.cv_percent, "instead: how much trials vary, in per cent")
        ->type_name("PERCENT")
        ->check(cli::number_from(0.01, 1000));
    command.add_option("--filter", options.filter_text, "which benchmarks of the file")
        ->type_name("FILTER");
    command
        .add_option("--metrics", options.metrics,
                    "which of them (default all): " + gate::metric_words())
        ->type_name("M,...")
        ->delimiter(',');
    command.add_option("--changes", options.changes, "in per cent (default 2,3,5,7,10,15,20)")
        ->type_name("P,...")
        ->delimiter(',')
        ->check(cli::number_from(0.01, 1000));
    command
        .add_option("--tolerance", options.tolerance_percent,
                    "of the gate, in per cent (default: 5; of a file, the metric's own)")
        ->type_name("PERCENT")
        ->check(cli::number_from(0.1, 1000));
    command
        .add_option("--cells", options.cells, "benchmarks x metrics of the gate run (default 20)")
        ->type_name("N")
        ->check(cli::number_from(1, 100'000, true));
    command.add_option("--runs", options.runs, "simulated for each change (default 1000)")
        ->type_name("N")
        ->check(cli::number_from(10, 1'000'000, true));
}

const cli::registered_verb plan_verb("plan", "how many pairs of trials does a change of X % need?",
                                     [](CLI::App& command) {
                                         auto options = std::make_shared<plan_options>();
                                         command.footer(plan_examples);
                                         declare_plan(command, *options);
                                         return [options] { return plan(*options); };
                                     });

}  // namespace
