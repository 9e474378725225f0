#include "harness/record/table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "harness/record/format.hpp"
#include "harness/record/markdown.hpp"
#include "harness/record/notes.hpp"
#include "harness/record/ranking.hpp"

namespace regatta {

const char* const table_legend =
    "Rate, CPU and memory: median of the ok trials; 95 % interval over trials: t on the logarithm, "
    "or where marked * the bootstrap, as t would not hold the median. p50 to p99.9: of all ok "
    "trials' merged histograms. n/a: "
    "not measured, or too few trials or samples to say.";

namespace {

std::string latency_text(std::optional<std::uint64_t> ns) {
    return format::quantity(ns ? std::optional(static_cast<double>(*ns)) : std::nullopt,
                            "latency_ns");
}

std::string percentile_cell(const benchmark_summary& summary, double fraction) {
    const auto [ns, above_ns] = percentile_of(summary.latency_with_censored(), fraction);
    return above_ns ? ">" + latency_text(above_ns) : latency_text(ns);
}

bool is_open(const benchmark_summary& summary) {
    return summary.mode == "open";
}

/// What ranks an open loop is its p99 (benchmark_summary::ranking_metric). An interval over some
/// trials would be too low where in others the p99 falls among unanswered requests.
std::string tail_interval_cell(const benchmark_summary& summary) {
    const std::string_view metric = "latency_ns_p99";
    const stats::estimate tail = summary.over_trials(metric);
    const bool is_partial = summary.censored != 0 && tail.trials != summary.ok;
    return format::range(is_partial ? std::nullopt : tail.range, tail.median.value_or(0), metric);
}

/// p99(response) / p99(service): how much too good a closed loop's p99 would have looked.
std::string omission_cell(const benchmark_summary& summary) {
    const auto [ns, above_ns] = percentile_of(summary.latency_with_censored(), 0.99);
    const auto service = summary.service.percentile(0.99);
    if (!(ns || above_ns) || service.value_or(0) == 0) {
        return std::string(format::absent);
    }
    const double factor =
        static_cast<double>(above_ns ? *above_ns : *ns) / static_cast<double>(*service);
    return (above_ns ? ">" : "") + format::number(factor, format::decimals_for(factor));
}

std::string median_cell(const benchmark_summary& summary, std::string_view metric) {
    return format::quantity(summary.over_trials(metric).median, metric);
}

/// "3.47 (3.41-3.52)"; in an open loop, whose table has more columns, without the interval.
std::string cpu_cell(const benchmark_summary& summary) {
    const std::string_view metric = "server_cpu_ns_per_op";
    const stats::estimate cpu = summary.over_trials(metric);
    const std::string median = format::quantity(cpu.median, metric);
    return is_open(summary) || !cpu.range
               ? median
               : fmt::format("{} ({})", median, format::range(cpu.range, *cpu.median, metric));
}

bool has_metric(std::span<const benchmark_summary> rivals, std::string_view metric) {
    return std::any_of(rivals.begin(), rivals.end(), [metric](const benchmark_summary& each) {
        return each.over_trials(metric).median.has_value();
    });
}

/// Where no rival has the metric the cell is empty, and the column goes.
std::string optional_cell(std::span<const benchmark_summary> rivals,
                          const benchmark_summary& summary, std::string_view metric) {
    return has_metric(rivals, metric) ? median_cell(summary, metric) : "";
}

std::string threads_cell(std::span<const benchmark_summary> rivals,
                         const benchmark_summary& summary) {
    const std::string running = optional_cell(rivals, summary, "server_threads_running");
    return running.empty() || running == format::absent
               ? running
               : running + "/" + median_cell(summary, "server_threads_waiting");
}

std::string errors_cell(const benchmark_summary& summary) {
    if (!summary.errors) {
        return std::string(format::absent);
    }
    std::uint64_t sum = 0;
    for (const auto& [kind, count] : *summary.errors) {
        sum += count;
    }
    return format::number(static_cast<double>(sum), 0);
}

/// Who was the bottleneck of the ok trials: one verdict, or how many of them had which.
std::string bound_by_cell(const benchmark_summary& summary) {
    if (summary.mode.empty()) {
        return "-";  // a job has no load
    }
    std::vector<std::string> verdicts;
    for (const auto& [verdict, count] : summary.saturation) {
        verdicts.push_back(
            count == summary.ok ? verdict : fmt::format("{} {}/{}", verdict, count, summary.ok));
    }
    return verdicts.empty() ? std::string(format::absent)
                            : fmt::format("{}", fmt::join(verdicts, ", "));
}

/// What a reader must know before believing the row, in words that fit a cell; the sentences stand
/// below the table. Empty when there is nothing.
std::string note_of(const benchmark_summary& summary) {
    std::vector<std::string> notes;
    if (summary.invalid != 0) {
        notes.push_back(fmt::format("{} invalid", summary.invalid));
    }
    if (summary.failed != 0) {
        notes.push_back(fmt::format("{} failed", summary.failed));
    }
    if (summary.errors) {
        for (const auto& [kind, count] : *summary.errors) {
            if (count != 0) {
                notes.push_back(fmt::format("{} {}", kind, count));
            }
        }
    }
    return fmt::format("{}", fmt::join(notes, "; "));
}

bool has_several_runs(std::span<const benchmark_summary> rivals) {
    return rivals.front().run_id != rivals.back().run_id;
}

}  // namespace

std::string conditions_of(const benchmark_summary& summary) {
    std::string loop = summary.mode.empty() ? "job" : summary.mode + " loop";
    const std::string& kind = summary.latency_kind;
    if (kind.empty()) {
        return loop;
    }
    return loop + "; latency: " + (kind == "iteration" ? "one iteration" : kind + " time");
}

std::vector<std::span<const benchmark_summary>> groups_of(
    std::span<const benchmark_summary> summaries) {
    std::vector<std::span<const benchmark_summary>> groups;
    for (std::size_t begin = 0; begin < summaries.size();) {
        std::size_t end = begin + 1;
        while (end < summaries.size() && summaries[end].group == summaries[begin].group &&
               summaries[end].mode == summaries[begin].mode) {
            ++end;
        }
        groups.push_back(summaries.subspan(begin, end - begin));
        begin = end;
    }
    return groups;
}

std::vector<std::string> ranking_sentences(std::span<const benchmark_summary> rivals) {
    std::vector<std::string> sentences;
    for (std::size_t begin = 0; begin < rivals.size();) {
        std::size_t end = begin + 1;
        while (end < rivals.size() && rivals[end].run_id == rivals[begin].run_id) {
            ++end;
        }
        const std::string sentence = ranking_sentence(rivals.subspan(begin, end - begin));
        if (!sentence.empty()) {
            sentences.push_back(has_several_runs(rivals)
                                    ? "Run " + rivals[begin].run_id + ": " + sentence
                                    : sentence);
        }
        begin = end;
    }
    return sentences;
}

std::string legend_of(std::span<const benchmark_summary> summaries) {
    std::string text = table_legend;
    if (has_metric(summaries, "server_threads_running")) {
        text +=
            " run/wait: how many of the server's threads ran, and were ready but waited for a "
            "CPU, on average.";
    }
    if (has_metric(summaries, "loop_lag_ns_max")) {
        text +=
            " Loop lag max: the latest that the server's loops served what was due, of some 90 "
            "times a second and worker: median of the trials.";
    }
    if (std::any_of(summaries.begin(), summaries.end(), is_open)) {
        text +=
            " Open loop: the schedule sets the rate, so the interval is that of the trials' p99. "
            "Service: from the send; own lag: what the generator itself was late; omission: p99 / "
            "service p99, how much too good a closed loop's p99 would have looked.";
    }
    return text;
}

std::string render_group(std::span<const benchmark_summary> rivals) {
    using enum markdown_table::align;
    markdown_table table({{"runtime", left},
                          {"run", left},
                          {"rate /s"},
                          {"95 % interval /s"},
                          {"p50 us"},
                          {"p99 us"},
                          {"95 % interval p99 us"},
                          {"p99.9 us"},
                          {"service p99 us"},
                          {"own lag p99 us"},
                          {"omission"},
                          {"CPU us/op"},
                          {"run/wait"},
                          {"loop lag max us"},
                          {"PSS MiB"},
                          {"errors"},
                          {"trials"},
                          {"bound by", left},
                          {"note", left}});
    for (const benchmark_summary& summary : rivals) {
        const stats::estimate rate = summary.over_trials("throughput_per_s");
        const bool open = is_open(summary);
        table.add(
            {summary.label, has_several_runs(rivals) ? summary.run_id : "",
             format::quantity(rate.median, "throughput_per_s"),
             open ? "" : format::range(rate.range, rate.median.value_or(0), "throughput_per_s"),
             percentile_cell(summary, 0.5), percentile_cell(summary, 0.99),
             open ? tail_interval_cell(summary) : "", percentile_cell(summary, 0.999),
             open ? latency_text(summary.service.percentile(0.99)) : "",
             open ? latency_text(summary.own_lag.percentile(0.99)) : "",
             open ? omission_cell(summary) : "", cpu_cell(summary), threads_cell(rivals, summary),
             optional_cell(rivals, summary, "loop_lag_ns_max"),
             median_cell(summary, "pss_bytes_peak"), errors_cell(summary),
             fmt::format("{}/{}", summary.ok, summary.trials()), bound_by_cell(summary),
             note_of(summary)});
    }
    table.drop_empty_columns();
    const std::string notes = render_notes(rivals);
    return table.text() + (notes.empty() ? "" : "\n" + notes);
}

std::string render_table(const std::vector<nlohmann::json>& trials) {
    const std::vector<benchmark_summary> summaries = summarise_trials(trials);
    std::string text;
    for (const auto& rivals : groups_of(summaries)) {
        text += fmt::format("### {} ({})\n\n{}\n", rivals.front().group,
                            conditions_of(rivals.front()), render_group(rivals));
        for (const std::string& sentence : ranking_sentences(rivals)) {
            text += sentence + "\n\n";
        }
    }
    if (text.empty()) {
        return "No trials.\n";
    }
    const std::string states = cache_states_line(summaries);
    return text + legend_of(summaries) + "\n" + (states.empty() ? "" : "\n" + states);
}

}  // namespace regatta
