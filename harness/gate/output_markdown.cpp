#include <fmt/format.h>

#include "harness/gate/output.hpp"
#include "harness/gate/table.hpp"

/// A comment for a merge request, verdict first. Its first line marks it, so that a bot finds the
/// one to replace.
namespace regatta::gate {
namespace {

using nlohmann::json;

std::string provenance(const report& told) {
    const json machine = told.run.value("machine", json::object());
    return fmt::format("Base {}, head {}. {} s on {}, {} CPUs, {}. Run {}, seed {}.",
                       side_words(told, "base"), side_words(told, "head"),
                       static_cast<long>(told.summary.at("elapsed_s").get<double>()),
                       machine.value("cpu_model", json("an unknown processor")).get<std::string>(),
                       machine.value("cpus_online", json(0)).dump(),
                       machine.value("kernel", json("?")).get<std::string>(),
                       told.run.value("run_id", "?"), told.run.value("seed", json()).dump());
}

std::string write_markdown(const report& told) {
    std::vector<json> news;
    std::vector<json> rest;
    for (const json& cell : worst_first(told.cells)) {
        (is_news(cell) ? news : rest).push_back(cell);
    }
    std::string text = fmt::format("<!-- regatta-gate -->\n## {}\n\n{}\n\n",
                                   told.summary.at("verdict").get<std::string>(),
                                   told.summary.at("sentence").get<std::string>());
    if (!news.empty()) {
        text += cells_table(news) + "\n";
    }
    const std::string more = remarks(told);
    if (!more.empty()) {
        text += more + "\n";
    }
    if (!rest.empty()) {
        text += fmt::format("<details><summary>{} without news</summary>\n\n{}\n</details>\n\n",
                            rest.size(), cells_table(rest));
    }
    return text +
           "Worse by: 20 % trimmed mean over pairs of trials; interval: each end is missed by 5 %, "
           "over all looks at the data.\n\n" +
           provenance(told) + "\n";
}

const registered_output markdown_output({"markdown", "a comment, verdict first", write_markdown});

}  // namespace
}  // namespace regatta::gate
