#include "harness/micro/frame_overhead/comparison.hpp"

#include <fmt/format.h>

#include "harness/record/markdown.hpp"

namespace regatta::overhead {
namespace {

constexpr const char* absent = "n/a";

std::string number(const std::optional<double>& value, const char* sign = "") {
    return value ? fmt::format("{}{:.1f}", sign, *value) : absent;
}

std::vector<double> side(const std::vector<std::pair<double, double>>& pairs,
                         double std::pair<double, double>::*member) {
    std::vector<double> values;
    for (const auto& pair : pairs) {
        values.push_back(pair.*member);
    }
    return values;
}

std::optional<double> median_of(const comparison& each, double std::pair<double, double>::*member) {
    return stats::median(side(each.cpu_ns_pairs, member));
}

std::string verdict(const comparison& each) {
    std::string text;
    if (const auto extra = each.extra_instructions()) {
        text = each.is_above_instruction_limit()
                   ? fmt::format("over {:.0f} instructions", each.extra_instructions_max)
                   : "instructions ok";
    }
    if (const auto ratio = micro::ratio_of(each.cpu_ns_pairs)) {
        text += text.empty() ? "" : ", ";
        if (ratio->range.high <= cpu_time_ratio_max) {
            text += "CPU time ok";
        } else if (ratio->range.low > cpu_time_ratio_max) {
            text += fmt::format("CPU time over {:.2f}", cpu_time_ratio_max);
        } else {
            text += "CPU time undecided";
        }
    }
    return text;
}

nlohmann::json or_null(const std::optional<double>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

}  // namespace

std::optional<double> comparison::extra_instructions() const {
    if (!control_instructions || !shared_instructions) {
        return std::nullopt;
    }
    return *shared_instructions - *control_instructions;
}

bool comparison::is_above_instruction_limit() const {
    return extra_instructions().value_or(0) > extra_instructions_max;
}

std::string table(const std::vector<comparison>& comparisons) {
    using align = markdown_table::align;
    markdown_table rows({{"runtime", align::left},
                         {"control", align::left},
                         {"instr/req control"},
                         {"instr/req shared"},
                         {"extra"},
                         {"limit"},
                         {"CPU ns/req control"},
                         {"CPU ns/req shared"},
                         {"ratio (95 %)"},
                         {"verdict", align::left}});
    for (const comparison& each : comparisons) {
        const auto ratio = micro::ratio_of(each.cpu_ns_pairs);
        const auto extra = each.extra_instructions();
        rows.add({each.runtime, each.control, number(each.control_instructions),
                  number(each.shared_instructions), number(extra, extra >= 0 ? "+" : ""),
                  fmt::format("+{:.0f}", each.extra_instructions_max),
                  number(median_of(each, &std::pair<double, double>::first)),
                  number(median_of(each, &std::pair<double, double>::second)),
                  ratio ? fmt::format("{:.3f} ({:.3f}-{:.3f})", ratio->value, ratio->range.low,
                                      ratio->range.high)
                        : absent,
                  verdict(each)});
    }
    return rows.text();
}

nlohmann::json to_json(const std::vector<comparison>& comparisons) {
    nlohmann::json list = nlohmann::json::array();
    for (const comparison& each : comparisons) {
        const auto ratio = micro::ratio_of(each.cpu_ns_pairs);
        list.push_back(
            {{"runtime", each.runtime},
             {"control", each.control},
             {"control_instructions_per_op", or_null(each.control_instructions)},
             {"shared_instructions_per_op", or_null(each.shared_instructions)},
             {"extra_instructions_per_op", or_null(each.extra_instructions())},
             {"extra_instructions_per_op_max", each.extra_instructions_max},
             {"control_cpu_ns_per_op", side(each.cpu_ns_pairs, &std::pair<double, double>::first)},
             {"shared_cpu_ns_per_op", side(each.cpu_ns_pairs, &std::pair<double, double>::second)},
             {"cpu_time_ratio", ratio ? nlohmann::json(ratio->value) : nlohmann::json(nullptr)},
             {"cpu_time_ratio_interval", ratio
                                             ? nlohmann::json({ratio->range.low, ratio->range.high})
                                             : nlohmann::json(nullptr)}});
    }
    return list;
}

std::vector<comparison> comparisons_from_json(const nlohmann::json& list) {
    std::vector<comparison> comparisons;
    for (const nlohmann::json& each : list) {
        comparison pair{each.at("runtime"),
                        each.at("control"),
                        each.at("extra_instructions_per_op_max"),
                        {},
                        {},
                        {}};
        if (!each.at("control_instructions_per_op").is_null()) {
            pair.control_instructions = each.at("control_instructions_per_op");
            pair.shared_instructions = each.at("shared_instructions_per_op");
        }
        const nlohmann::json& control = each.at("control_cpu_ns_per_op");
        const nlohmann::json& shared = each.at("shared_cpu_ns_per_op");
        for (std::size_t i = 0; i < control.size(); ++i) {
            pair.cpu_ns_pairs.emplace_back(control.at(i).get<double>(), shared.at(i).get<double>());
        }
        comparisons.push_back(std::move(pair));
    }
    return comparisons;
}

}  // namespace regatta::overhead
