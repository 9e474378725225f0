#include <fmt/format.h>

#include "harness/gate/output.hpp"
#include "harness/gate/table.hpp"

/// JUnit's XML as CI systems read it (the schema of the Jenkins xUnit plugin, junit-10.xsd): a test
/// case for each cell; a regression is a failure, an inconclusive one is skipped, a benchmark that
/// fails on the head alone is an error; other benchmarks that could not be compared are skipped.
namespace regatta::gate {
namespace {

using nlohmann::json;

/// Characters that XML 1.0 does not allow at all are left out.
std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        switch (c) {
            case '&':
                result += "&amp;";
                break;
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '"':
                result += "&quot;";
                break;
            case '\n':
                result += "&#10;";
                break;
            default:
                if (static_cast<unsigned char>(c) >= ' ' || c == '\t') {
                    result += c;
                }
        }
    }
    return result;
}

struct test_case {
    std::string suite;
    std::string name;
    std::string outcome;  ///< an element, or ""
};

std::string element(const char* kind, const std::string& message) {
    return fmt::format("<{} message=\"{}\"/>", kind, escaped(message));
}

/// The error of a benchmark, or null.
const json* error_of(const report& told, const json& benchmark) {
    for (const json& each : told.summary.at("errors")) {
        if (each.at("benchmark") == benchmark) {
            return &each;
        }
    }
    return nullptr;
}

std::string outcome_of(const report& told, const json& cell) {
    const auto sentence = cell.at("sentence").get<std::string>();
    if (cell.at("verdict") == "REGRESSED") {
        return fmt::format("<failure type=\"regression\" message=\"{}\"/>", escaped(sentence));
    }
    if (cell.at("verdict") != "INCONCLUSIVE") {
        return "";
    }
    const json* error = error_of(told, cell.at("benchmark"));
    if (error != nullptr && error->at("is_head_alone").get<bool>()) {
        return fmt::format("<error type=\"failed\" message=\"{}\"/>", escaped(sentence));
    }
    return element("skipped", sentence);
}

std::vector<test_case> cases_of(const report& told) {
    std::vector<test_case> cases;
    for (const json& cell : told.cells) {
        cases.push_back({cell.at("benchmark").get<std::string>(),
                         cell.at("metric").get<std::string>(), outcome_of(told, cell)});
    }
    for (const char* side : {"base", "head"}) {
        for (const json& name : told.summary.at(fmt::format("only_{}", side))) {
            cases.push_back({name.get<std::string>(), "all metrics",
                             element("skipped", fmt::format("only on the {}", side))});
        }
    }
    return cases;
}

std::string write_junit(const report& told) {
    std::string body;
    int failures = 0;
    int errors = 0;
    int skipped = 0;
    const std::vector<test_case> cases = cases_of(told);
    for (const test_case& each : cases) {
        failures += each.outcome.starts_with("<failure") ? 1 : 0;
        errors += each.outcome.starts_with("<error") ? 1 : 0;
        skipped += each.outcome.starts_with("<skipped") ? 1 : 0;
        body += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"0\"",
                            escaped(each.suite), escaped(each.name));
        body += each.outcome.empty() ? "/>\n" : ">" + each.outcome + "</testcase>\n";
    }
    const std::string counts =
        fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3f}\"", cases.size(),
                    failures, errors, told.summary.at("elapsed_s").get<double>());
    const std::string started = told.run.value("started_at", "");
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"regatta gate\" {}>\n"
        "  <testsuite name=\"regatta gate\" {} skipped=\"{}\" timestamp=\"{}\">\n"
        "{}    <system-out>{}</system-out>\n"
        "  </testsuite>\n"
        "</testsuites>\n",
        counts, counts, skipped, started.substr(0, started.find('.')), body,
        escaped(told.summary.at("sentence").get<std::string>()));
}

const registered_output junit_output({"junit", "JUnit's XML: a regression is a failure",
                                      write_junit});

}  // namespace
}  // namespace regatta::gate
