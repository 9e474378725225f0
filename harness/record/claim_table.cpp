#include <cmath>
#include <map>

#include <fmt/format.h>

#include "harness/record/claim_verdict.hpp"
#include "harness/record/format.hpp"
#include "harness/record/markdown.hpp"

namespace regatta {
namespace {

using nlohmann::json;

/// A figure of the claim as a person reads it: "x 2.98" for a ratio, else with its unit.
std::string claim_figure(const claim& stated, double value) {
    if (!stated.b.empty()) {
        return "x " + format::number(value, format::decimals_for(value));
    }
    if (stated.is_memory_slope()) {
        return format::number(value / 1024, format::decimals_for(value / 1024)) + " KiB";
    }
    const format::unit unit = format::unit_of(stated.metric);
    const double shown = value / unit.divisor;
    return fmt::format("{}{}{}", format::number(shown, format::decimals_for(shown)),
                       unit.name.empty() ? "" : " ", unit.name);
}

std::string expectation_of(const claim& stated) {
    if (!std::isfinite(stated.at_most)) {
        return "at least " + claim_figure(stated, stated.at_least);
    }
    if (!std::isfinite(stated.at_least)) {
        return "at most " + claim_figure(stated, stated.at_most);
    }
    return claim_figure(stated, stated.at_least) + " to " + claim_figure(stated, stated.at_most);
}

std::string claim_interval(const claim_verdict& verdict) {
    return verdict.low ? claim_figure(verdict.stated, *verdict.low) + " to " +
                             claim_figure(verdict.stated, *verdict.high)
                       : std::string(format::absent);
}

/// What the claims say and compare, each once.
std::string definitions(const std::vector<claim_verdict>& verdicts) {
    std::string text;
    std::string last;
    for (const claim_verdict& each : verdicts) {
        if (each.stated.name == last) {
            continue;
        }
        last = each.stated.name;
        text += fmt::format("- **{}**: \"{}\" ({}). `{}` of `{}`", each.stated.name,
                            each.stated.says, each.stated.by, each.stated.metric, each.stated.a);
        text += each.stated.b.empty() ? ".\n" : fmt::format(" / `{}`.\n", each.stated.b);
    }
    return text;
}

}  // namespace

std::string render_claims(const std::vector<claim_verdict>& verdicts) {
    using enum markdown_table::align;
    markdown_table table({{"claim", left},
                          {"on", left},
                          {"measured"},
                          {"95 % interval"},
                          {"expected", left},
                          {"rounds"},
                          {"verdict", left}});
    std::map<claim_outcome, std::size_t> totals;
    std::string reasons;
    for (const claim_verdict& each : verdicts) {
        ++totals[each.outcome];
        table.add(
            {each.stated.name, each.which.label,
             each.value ? claim_figure(each.stated, *each.value) : std::string(format::absent),
             claim_interval(each), expectation_of(each.stated), fmt::format("{}", each.rounds),
             std::string(name_of(each.outcome))});
        if (!each.reason.empty()) {
            reasons += fmt::format("- not measured: {} on {}: {}\n", each.stated.name,
                                   each.which.label, each.reason);
        }
    }
    std::string text = table.text() + "\n";
    for (const auto outcome : {claim_outcome::confirmed, claim_outcome::refuted,
                               claim_outcome::undecided, claim_outcome::not_measured}) {
        text += fmt::format("{}{} {}", outcome == claim_outcome::confirmed ? "" : ", ",
                            totals[outcome], name_of(outcome));
    }
    return text +
           ". Confirmed: the whole interval lies where the claim says; refuted: all of it lies "
           "elsewhere.\n\n" +
           definitions(verdicts) + (reasons.empty() ? "" : "\n" + reasons);
}

json to_json(const std::vector<claim_verdict>& verdicts) {
    const auto or_null = [](const std::optional<double>& value) {
        return value ? json(*value) : json();
    };
    const auto bound = [](double value) { return std::isfinite(value) ? json(value) : json(); };
    json all = json::array();
    for (const claim_verdict& each : verdicts) {
        all.push_back(
            {{"claim", each.stated.name},
             {"says", each.stated.says},
             {"by", each.stated.by},
             {"on", each.which.label},
             {"metric", each.stated.metric},
             {"a", each.which.a},
             {"b", each.which.b.empty() ? json() : json(each.which.b)},
             {"at_least", bound(each.stated.at_least)},
             {"at_most", bound(each.stated.at_most)},
             {"outcome", name_of(each.outcome)},
             {"value", or_null(each.value)},
             {"low", or_null(each.low)},
             {"high", or_null(each.high)},
             {"rounds", each.rounds},
             {"measured", each.value ? json(claim_figure(each.stated, *each.value)) : json()},
             {"interval", each.low ? json(claim_interval(each)) : json()},
             {"expected", expectation_of(each.stated)},
             {"reason", each.reason.empty() ? json() : json(each.reason)}});
    }
    return all;
}

}  // namespace regatta
