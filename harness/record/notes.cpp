#include "harness/record/notes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "harness/record/format.hpp"
#include "harness/record/markdown.hpp"

namespace regatta {
namespace {

using nlohmann::json;

/// `text` with each number replaced, so that sentences alike but for figures are the same.
std::string without_numbers(const std::string& text) {
    std::string masked;
    for (const char c : text) {
        const bool is_digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
        if (is_digit || ((c == '.' || c == ',') && masked.ends_with('#'))) {
            masked += masked.ends_with('#') ? "" : "#";
        } else {
            masked += c;
        }
    }
    return masked;
}

std::string text_of(const json& trial, const char* key) {
    const auto found = trial.find(key);
    if (found == trial.end()) {
        return "?";
    }
    return found->is_string() ? found->get<std::string>() : found->dump();
}

}  // namespace

void note_list::add(const std::string& kind, const std::string& sentence,
                    const std::string& label) {
    const std::string key = kind + without_numbers(sentence);
    const auto at = std::find(keys_.begin(), keys_.end(), key) - keys_.begin();
    if (static_cast<std::size_t>(at) == keys_.size()) {
        keys_.push_back(key);
        notes_.push_back({kind, sentence, {}, 0});
    }
    note& found = notes_[static_cast<std::size_t>(at)];
    ++found.times;
    if (std::find(found.labels.begin(), found.labels.end(), label) == found.labels.end()) {
        found.labels.push_back(label);
    }
}

namespace {

std::string percentile_us(const histogram& latency, double fraction) {
    const auto ns = latency.percentile(fraction);
    return ns ? format::number(static_cast<double>(*ns) / 1e3, 0) + " us" : "n/a";
}

/// What a table's percentiles, which are of all replies, do not tell.
std::string apart_line(const benchmark_summary& rival) {
    const apart_summary& apart = *rival.apart;
    const double all = static_cast<double>(apart.count + apart.others.count());
    return fmt::format(
        "- {}: {} % of the replies were {}; the others have p50 {}, p99 {}\n", rival.label,
        format::number(all == 0 ? 0 : static_cast<double>(apart.count) / all * 100, 1), apart.which,
        percentile_us(apart.others, 0.50), percentile_us(apart.others, 0.99));
}

}  // namespace

std::string render_notes(std::span<const benchmark_summary> rivals) {
    note_list list;
    for (const benchmark_summary& rival : rivals) {
        for (const auto& [kind, sentence] : rival.remarks) {
            list.add(kind, sentence, rival.label);
        }
    }
    std::string text;
    for (const benchmark_summary& rival : rivals) {
        text += rival.apart ? apart_line(rival) : "";
    }
    for (const note& each : list.notes()) {
        text += fmt::format("- {} ({}): {}\n", each.kind, format::listing(each.labels),
                            escape_cell(each.sentence));
    }
    return text;
}

std::string cache_states_line(std::span<const benchmark_summary> summaries) {
    std::map<std::string, std::size_t> counts;
    for (const benchmark_summary& summary : summaries) {
        for (const auto& [round, state] : summary.cache_states) {
            ++counts[state];
        }
    }
    if (counts.size() < 2) {
        return {};
    }
    std::string text;
    for (const auto& [state, count] : counts) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, state);
    }
    return fmt::format(
        "The way between the server's and the generator's CPU was not the same in all trials ({}): "
        "runtimes are compared by rounds in which it was; medians and intervals are of all.\n",
        text);
}

std::string render_trial_notes(const std::vector<json>& trials) {
    std::string text;
    note_list warnings;
    for (const json& trial : trials) {
        for (const json& reason : trial.value("reasons", json::array())) {
            text += fmt::format("- trial {}, round {}, `{}`: {}: {}\n", text_of(trial, "trial"),
                                text_of(trial, "round"), text_of(trial, "benchmark"),
                                text_of(trial, "status"), escape_cell(reason.get<std::string>()));
        }
        for (const json& warning : trial.value("warnings", json::array())) {
            warnings.add("warning", warning.get<std::string>(), text_of(trial, "benchmark"));
        }
    }
    for (const note& each : warnings.notes()) {
        text += fmt::format("- warning in {} of {} trials, first of `{}`: {}\n", each.times,
                            trials.size(), each.labels.front(), escape_cell(each.sentence));
    }
    return text;
}

}  // namespace regatta
