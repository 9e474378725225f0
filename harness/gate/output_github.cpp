#include <fmt/format.h>

#include "harness/gate/output.hpp"
#include "harness/gate/table.hpp"

/// Workflow commands of GitHub Actions, which make annotations. A step may have ten of a kind: nine
/// and a line that says how many more there are.
namespace regatta::gate {
namespace {

using nlohmann::json;

constexpr std::size_t annotations_max = 9;

/// Escaped as the commands want it: data, and with `is_property` a property's value.
std::string escaped(std::string_view text, bool is_property) {
    std::string result;
    for (const char c : text) {
        if (c == '%' || c == '\r' || c == '\n' || (is_property && (c == ':' || c == ','))) {
            result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        } else {
            result += c;
        }
    }
    return result;
}

std::string command(const char* kind, const std::string& title, const std::string& text) {
    return fmt::format("::{} title={}::{}\n", kind, escaped(title, true), escaped(text, false));
}

std::string annotations(const char* kind, const std::string& word, const std::vector<json>& cells) {
    std::string text;
    for (std::size_t i = 0; i < std::min(cells.size(), annotations_max); ++i) {
        text += command(kind, word + " " + cells[i].at("benchmark").get<std::string>(),
                        cells[i].at("metric").get<std::string>() + ": " +
                            cells[i].at("sentence").get<std::string>());
    }
    if (cells.size() > annotations_max) {
        text += command(kind, word, fmt::format("and {} more", cells.size() - annotations_max));
    }
    return text;
}

std::string write_github(const report& told) {
    std::vector<json> regressed;
    std::vector<json> minor;
    for (const json& cell : told.cells) {
        if (cell.at("verdict") == "REGRESSED") {
            regressed.push_back(cell);
        } else if (cell.at("verdict") == "MINOR") {
            minor.push_back(cell);
        }
    }
    std::string text = annotations("error", "REGRESSED", regressed);
    text += annotations("warning", "MINOR", minor);
    for (const json& each : told.summary.at("errors")) {
        text +=
            command(each.at("is_head_alone").get<bool>() ? "error" : "warning",
                    each.at("benchmark").get<std::string>(), each.at("reason").get<std::string>());
    }
    return text + command("notice", "regatta gate", told.summary.at("sentence").get<std::string>());
}

const registered_output github_output({"github",
                                       "annotations, and Markdown to $GITHUB_STEP_SUMMARY",
                                       write_github});

}  // namespace
}  // namespace regatta::gate
