#include "harness/micro/runtime_against_native/comparison.hpp"

#include <fmt/format.h>

#include "harness/micro/shared/ratio.hpp"
#include "harness/record/markdown.hpp"

namespace regatta::against_native {
namespace {

using figure = double echo_figures::*;

// The raw callback server on epoll: what other projects compare themselves with.
constexpr std::string_view yardstick = "epoll_echo";

std::vector<double> all(const std::vector<echo_figures>& trials, figure which) {
    std::vector<double> values;
    for (const echo_figures& each : trials) {
        values.push_back(each.*which);
    }
    return values;
}

std::optional<micro::ratio> ratio_of(const comparison& each, figure which) {
    std::vector<std::pair<double, double>> pairs;
    for (std::size_t i = 0; i < each.of_runtime.size(); ++i) {
        pairs.emplace_back(each.of_control[i].*which, each.of_runtime[i].*which);
    }
    return micro::ratio_of(pairs);
}

// How many times the CPU time per request of the plain epoll server is that of `trials`, which are
// the runtime's or the control's of `each`, over the same rounds; nothing when that server was not
// in them.
std::optional<micro::ratio> cheaper_than_epoll(const comparison& each,
                                               const std::vector<echo_figures>& trials,
                                               const std::vector<comparison>& all_of_them) {
    for (const comparison& other : all_of_them) {
        if (other.control != yardstick || other.size_bytes != each.size_bytes ||
            other.connections != each.connections || other.of_control.size() != trials.size()) {
            continue;
        }
        std::vector<std::pair<double, double>> pairs;
        for (std::size_t i = 0; i < trials.size(); ++i) {
            pairs.emplace_back(trials[i].cpu_ns_per_op, other.of_control[i].cpu_ns_per_op);
        }
        return micro::ratio_of(pairs);
    }
    return std::nullopt;
}

std::string text(const std::optional<micro::ratio>& ratio) {
    return ratio ? fmt::format("{:.3f} ({:.3f}-{:.3f})", ratio->value, ratio->range.low,
                               ratio->range.high)
                 : "n/a";
}

std::string median_of(const std::vector<echo_figures>& trials, figure which) {
    const auto middle = stats::median(all(trials, which));
    return middle ? fmt::format("{:.0f}", *middle) : "n/a";
}

// Whether `ratio` surely keeps to the bound, surely breaks it, or neither.
std::string judge(const micro::ratio& ratio, double least, double most, const char* what) {
    if (ratio.range.low >= least && ratio.range.high <= most) {
        return fmt::format("{} ok", what);
    }
    const bool is_broken = ratio.range.high < least || ratio.range.low > most;
    return fmt::format("{} {}", what, is_broken ? "worse" : "undecided");
}

std::string verdict(const comparison& each) {
    const auto rate = ratio_of(each, &echo_figures::rate_per_s);
    const auto cpu = ratio_of(each, &echo_figures::cpu_ns_per_op);
    if (!rate || !cpu) {
        return "";
    }
    constexpr double no_bound = 1e300;
    return judge(*rate, throughput_ratio_min, no_bound, "rate") + ", " +
           judge(*cpu, 0, cpu_time_ratio_max, "CPU");
}

nlohmann::json ratio_json(const std::optional<micro::ratio>& ratio) {
    return ratio ? nlohmann::json(ratio->value) : nlohmann::json(nullptr);
}

nlohmann::json range_json(const std::optional<micro::ratio>& ratio) {
    return ratio ? nlohmann::json({ratio->range.low, ratio->range.high}) : nlohmann::json(nullptr);
}

std::vector<echo_figures> figures_from(const nlohmann::json& rates, const nlohmann::json& cpu) {
    std::vector<echo_figures> trials;
    for (std::size_t i = 0; i < rates.size(); ++i) {
        trials.push_back({rates.at(i).get<double>(), cpu.at(i).get<double>()});
    }
    return trials;
}

}  // namespace

std::string table(const std::vector<comparison>& comparisons) {
    using align = markdown_table::align;
    markdown_table rows({{"runtime", align::left},
                         {"control", align::left},
                         {"bytes"},
                         {"connections"},
                         {"rate /s control"},
                         {"rate /s runtime"},
                         {"rate ratio (95 %)"},
                         {"CPU ns/req control"},
                         {"CPU ns/req runtime"},
                         {"CPU ratio (95 %)"},
                         {"CPU epoll_echo / control"},
                         {"CPU epoll_echo / runtime"},
                         {"verdict", align::left}});
    std::string reasons;
    for (const comparison& each : comparisons) {
        rows.add({each.runtime, each.control, std::to_string(each.size_bytes),
                  std::to_string(each.connections),
                  median_of(each.of_control, &echo_figures::rate_per_s),
                  median_of(each.of_runtime, &echo_figures::rate_per_s),
                  text(ratio_of(each, &echo_figures::rate_per_s)),
                  median_of(each.of_control, &echo_figures::cpu_ns_per_op),
                  median_of(each.of_runtime, &echo_figures::cpu_ns_per_op),
                  text(ratio_of(each, &echo_figures::cpu_ns_per_op)),
                  text(cheaper_than_epoll(each, each.of_control, comparisons)),
                  text(cheaper_than_epoll(each, each.of_runtime, comparisons)), verdict(each)});
        if (!each.reason.empty()) {
            reasons += fmt::format("- {}, {} B, {} connections: {}\n", each.runtime,
                                   each.size_bytes, each.connections, each.reason);
        }
    }
    return rows.text() + (reasons.empty() ? "" : "\n" + reasons);
}

nlohmann::json to_json(const std::vector<comparison>& comparisons) {
    nlohmann::json list = nlohmann::json::array();
    for (const comparison& each : comparisons) {
        const auto rate = ratio_of(each, &echo_figures::rate_per_s);
        const auto cpu = ratio_of(each, &echo_figures::cpu_ns_per_op);
        list.push_back(
            {{"runtime", each.runtime},
             {"control", each.control},
             {"size_bytes", each.size_bytes},
             {"connections", each.connections},
             {"control_throughput_per_s", all(each.of_control, &echo_figures::rate_per_s)},
             {"runtime_throughput_per_s", all(each.of_runtime, &echo_figures::rate_per_s)},
             {"control_cpu_ns_per_op", all(each.of_control, &echo_figures::cpu_ns_per_op)},
             {"runtime_cpu_ns_per_op", all(each.of_runtime, &echo_figures::cpu_ns_per_op)},
             {"throughput_ratio", ratio_json(rate)},
             {"throughput_ratio_interval", range_json(rate)},
             {"cpu_time_ratio", ratio_json(cpu)},
             {"cpu_time_ratio_interval", range_json(cpu)},
             {"epoll_echo_cpu_time_ratio",
              ratio_json(cheaper_than_epoll(each, each.of_runtime, comparisons))},
             {"control_epoll_echo_cpu_time_ratio",
              ratio_json(cheaper_than_epoll(each, each.of_control, comparisons))},
             {"reason",
              each.reason.empty() ? nlohmann::json(nullptr) : nlohmann::json(each.reason)}});
    }
    return list;
}

std::vector<comparison> comparisons_from_json(const nlohmann::json& list) {
    std::vector<comparison> comparisons;
    for (const nlohmann::json& each : list) {
        comparisons.push_back(
            {each.at("runtime"), each.at("control"), each.at("size_bytes"), each.at("connections"),
             figures_from(each.at("control_throughput_per_s"), each.at("control_cpu_ns_per_op")),
             figures_from(each.at("runtime_throughput_per_s"), each.at("runtime_cpu_ns_per_op")),
             each.at("reason").is_null() ? "" : each.at("reason").get<std::string>()});
    }
    return comparisons;
}

}  // namespace regatta::against_native
