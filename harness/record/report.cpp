#include "harness/record/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "harness/record/markdown.hpp"
#include "harness/record/notes.hpp"
#include "harness/record/summary.hpp"
#include "harness/record/table.hpp"

namespace regatta {
namespace {

using nlohmann::json;

/// A value for a person: text without quotes, "n/a" for null, lists joined.
std::string plain(const json& value) {
    if (value.is_null()) {
        return "n/a";
    }
    if (value.is_string()) {
        return value.get<std::string>();
    }
    if (value.is_array() || value.is_object()) {
        std::vector<std::string> parts;
        for (const auto& [key, part] : value.items()) {
            parts.push_back(value.is_array() ? plain(part) : key + ": " + plain(part));
        }
        return fmt::format("{}", fmt::join(parts, value.is_array() ? " " : ", "));
    }
    return value.dump();
}

std::string heading(const record_file& results, const std::string& file_name) {
    const json& run = results.run;
    std::string text = fmt::format(
        "# Regatta run {}\n\n", run.is_object() ? plain(run.value("run_id", json())) : file_name);
    std::size_t ok = 0;
    for (const json& trial : results.trials) {
        ok += trial.value("status", json()) == "ok" ? 1 : 0;
    }
    text +=
        fmt::format("{} trials, {} of them ok, from `{}`.", results.trials.size(), ok, file_name);
    if (run.is_object()) {
        text +=
            fmt::format(" Started {}, seed {}, {} rounds.", plain(run.value("started_at", json())),
                        plain(run.value("seed", json())), plain(run.value("rounds", json())));
    }
    if (results.truncated) {
        text += " **Truncated: the run did not end.**";
    } else if (results.end.value("interrupted", false)) {
        text += " **Interrupted before all trials were run.**";
    }
    return text + "\n\n";
}

std::string verdicts(std::span<const benchmark_summary> summaries) {
    std::string text = "## What the intervals say\n\n";
    for (const auto& rivals : groups_of(summaries)) {
        for (const std::string& sentence : ranking_sentences(rivals)) {
            text += fmt::format("- `{}` ({}): {}\n", rivals.front().group,
                                conditions_of(rivals.front()), sentence);
        }
    }
    return text + "\n";
}

std::string pictures(const report_figures& figures) {
    std::string text = "## Figures\n\n";
    for (const std::string& file : figures.files) {
        std::string title = std::filesystem::path(file).stem().string();
        std::replace(title.begin(), title.end(), '_', ' ');
        text += fmt::format("![{}]({})\n\n", title, file);
    }
    for (const std::string& note : figures.notes) {
        text += fmt::format("- {}\n", note);
    }
    return text + (figures.notes.empty() ? "" : "\n");
}

std::string tables(std::span<const benchmark_summary> summaries) {
    std::string text = "## Tables\n\n";
    for (const auto& rivals : groups_of(summaries)) {
        text += fmt::format("### {} ({})\n\n{}\n", rivals.front().group,
                            conditions_of(rivals.front()), render_group(rivals));
    }
    return text + table_legend + "\n\n";
}

std::string validity(const record_file& results) {
    const std::string notes = render_trial_notes(results.trials);
    return "## Validity\n\n" +
           (notes.empty() ? "Every trial passed every gate, without warnings.\n" : notes) + "\n";
}

/// One line of a list for each field; of the processor's flaws only those that concern it.
std::string list_of(const json& object, const std::string& prefix = "") {
    std::string text;
    for (const auto& [key, value] : object.items()) {
        json shown = value;
        if (key == "mitigations" && value.is_object()) {
            for (const auto& [flaw, state] : value.items()) {
                if (state == "Not affected") {
                    shown.erase(flaw);
                }
            }
        }
        text += fmt::format("- {}{}: {}\n", prefix, key, escape_cell(plain(shown)));
    }
    return text;
}

std::string environment(const json& run) {
    using enum markdown_table::align;
    std::string text = "## Environment\n\n";
    if (!run.is_object()) {
        return text + "The file has no run record.\n";
    }
    text += list_of(run.value("machine", json::object())) +
            list_of(run.value("placement", json::object()), "placement ") +
            list_of(run.value("calibration", json::object()), "calibration ") +
            list_of(run.value("regatta", json::object()), "regatta ") + "\n";
    markdown_table runtimes({{"runtime", left},
                             {"model", left},
                             {"engine", left},
                             {"versions", left},
                             {"sha256", left}});
    for (const json& runtime : run.value("runtimes", json::array())) {
        json about = runtime.value("describe", json::object());
        about = about.is_object() ? about : json::object();
        runtimes.add({plain(runtime.value("name", json())), plain(about.value("model", json())),
                      plain(about.value("engine", json())), plain(about.value("versions", json())),
                      plain(runtime.value("sha256", json())).substr(0, 16)});
    }
    return text + runtimes.text() + "\n";
}

std::string repetition(const json& run) {
    if (!run.is_object() || !run.contains("argv")) {
        return {};
    }
    std::string text = fmt::format("## How to repeat it\n\n```sh\n{}\n```\n",
                                   shell_command(run.at("argv").get<std::vector<std::string>>()));
    const json build = run.value("regatta", json::object());
    if (const json commit = build.value("commit", json()); commit.is_string()) {
        text += fmt::format("\nAt commit `{}`{}, with seed {}.\n", plain(commit),
                            build.value("dirty", json()) == true ? " with changes on top" : "",
                            plain(run.value("seed", json())));
    }
    return text;
}

}  // namespace

std::string shell_command(const std::vector<std::string>& argv) {
    constexpr std::string_view harmless =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+:,./@%";
    std::string text;
    for (const std::string& word : argv) {
        text += text.empty() ? "" : " ";
        if (!word.empty() && word.find_first_not_of(harmless) == std::string::npos) {
            text += word;
            continue;
        }
        text += '\'';
        for (const char c : word) {
            text += c == '\'' ? std::string("'\\''") : std::string(1, c);
        }
        text += '\'';
    }
    return text;
}

std::string render_report(const record_file& results, const std::string& file_name,
                          const report_figures& figures) {
    const std::vector<benchmark_summary> summaries = summarise_trials(results.trials);
    try {
        return heading(results, file_name) + verdicts(summaries) + pictures(figures) +
               tables(summaries) + validity(results) + environment(results.run) +
               repetition(results.run);
    } catch (const json::exception& error) {
        throw std::runtime_error(
            fmt::format("a record is not as FORMAT.md says: {}", error.what()));
    }
}

}  // namespace regatta
