#include "runtimes/main/arguments.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <charconv>
#include <map>
#include <optional>

namespace regatta {
namespace {

/// A name in Linux's abstract namespace: no file that a killed server would leave behind.
constexpr std::string_view unix_prefix = "unix:@";

constexpr std::string_view usage_hint =
    "PROGRAM describe | serve --workload W [--workers N] [--listen ADDRESS:PORT|unix:@NAME] "
    "[--rounds-per-us "
    "N] [--loop-lag-ms N] [--backend-port N] [--inject SPEC] "
    "[--set NAME=VALUE]... | job --workload W [--workers N] [--min-time S] [--hold 0|1] "
    "[--rounds-per-us N] [--inject SPEC] [--set NAME=VALUE]... [-- BENCHMARK_FLAGS...]";

[[noreturn]] void refuse(const std::string& reason, std::string hint = std::string(usage_hint)) {
    throw contract_error(contract_error::usage, reason, std::move(hint));
}

template <class Number>
Number parse_number(std::string_view option, std::string_view text, Number minimum,
                    Number maximum) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < minimum ||
        value > maximum) {
        refuse(fmt::format("{} takes a number from {} to {}, not '{}'", option, minimum, maximum,
                           text));
    }
    return value;
}

void parse_listen(std::string_view text, arguments& into) {
    if (text.starts_with(unix_prefix)) {
        into.listen_name = text.substr(unix_prefix.size());
        if (into.listen_name.empty()) {
            refuse("--listen unix:@NAME needs a name", "");
        }
        return;
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) {
        refuse(fmt::format("--listen takes ADDRESS:PORT or unix:@NAME, not '{}'", text));
    }
    into.listen_address = text.substr(0, colon);
    into.listen_port =
        parse_number<std::uint16_t>("the port of --listen", text.substr(colon + 1), 0, 65535);
}

void take_injection(std::string_view text, arguments& into) {
    try {
        into.injection = parse_injection(text);
    } catch (const std::invalid_argument& refused) {
        refuse(std::string("--inject: ") + refused.what(), "");
    }
}

void parse_option(std::string_view option, std::string_view value, arguments& into) {
    if (option == "--workload") {
        into.workload = value;
    } else if (option == "--workers") {
        into.workers = parse_number<std::int64_t>(option, value, 1, 1024);
    } else if (option == "--listen") {
        parse_listen(value, into);
    } else if (option == "--rounds-per-us") {
        into.rounds_per_us = parse_number<std::int64_t>(option, value, 1, 1'000'000);
    } else if (option == "--min-time") {
        into.min_time_s = parse_number<double>(option, value, 0.001, 3600);
    } else if (option == "--hold") {
        into.is_held = parse_number<int>(option, value, 0, 1) == 1;
    } else if (option == "--loop-lag-ms") {
        into.loop_lag_ms = parse_number<std::int64_t>(option, value, 0, 10'000);
    } else if (option == "--backend-port") {
        into.backend_port = parse_number<std::uint16_t>(option, value, 1, 65535);
    } else if (option == "--inject") {
        take_injection(value, into);
    } else if (option == "--set") {
        const std::size_t equals = value.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            refuse(fmt::format("--set takes NAME=VALUE, not '{}'", value));
        }
        into.settings.emplace_back(value.substr(0, equals), value.substr(equals + 1));
    } else {
        refuse(fmt::format("unknown option '{}'", option));
    }
}

}  // namespace

arguments parse_arguments(int argc, char** argv) {
    const std::map<std::string_view, arguments::verb> verbs = {
        {"describe", arguments::verb::describe},
        {"serve", arguments::verb::serve},
        {"job", arguments::verb::job}};
    if (argc < 2 || !verbs.contains(argv[1])) {
        refuse(argc < 2 ? "no verb given" : fmt::format("unknown verb '{}'", argv[1]));
    }
    arguments result;
    result.action = verbs.at(argv[1]);
    for (int i = 2; i < argc; ++i) {
        const std::string_view option = argv[i];
        if (option == "--") {
            result.benchmark_flags.assign(argv + i + 1, argv + argc);
            break;
        }
        if (++i == argc) {
            refuse(fmt::format("'{}' needs a value", option));
        }
        parse_option(option, argv[i], result);
    }
    if (result.action != arguments::verb::describe && result.workload.empty()) {
        refuse("--workload is missing");
    }
    return result;
}

std::int64_t parse_value(const parameter& declared, std::string_view text) {
    for (std::size_t i = 0; i < declared.choices.size(); ++i) {
        if (declared.choices[i] == text) {
            return static_cast<std::int64_t>(i);
        }
    }
    if (!declared.choices.empty()) {
        refuse(fmt::format("{} takes one of {}, not '{}'", declared.name,
                           fmt::join(declared.choices, ", "), text),
               "");
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < declared.minimum ||
        value > declared.maximum) {
        refuse(fmt::format("{} takes a whole number from {} to {}{}{}, not '{}'", declared.name,
                           declared.minimum, declared.maximum, declared.unit.empty() ? "" : " ",
                           declared.unit, text),
               "");
    }
    return value;
}

void apply_settings(const std::vector<std::pair<std::string, std::string>>& settings,
                    std::span<const parameter> of_workload, params& values,
                    std::span<const parameter> of_runtime, runtime_settings& configuration) {
    const auto find = [](std::span<const parameter> declared,
                         std::string_view name) -> std::optional<std::size_t> {
        for (std::size_t i = 0; i < declared.size(); ++i) {
            if (declared[i].name == name) {
                return i;
            }
        }
        return std::nullopt;
    };
    for (std::size_t i = 0; i < of_workload.size(); ++i) {
        values.values[i] = of_workload[i].fallback;
    }
    configuration.clear();
    for (const parameter& declared : of_runtime) {
        configuration.push_back(declared.fallback);
    }
    for (const auto& [name, text] : settings) {
        if (const auto at = find(of_workload, name)) {
            values.values[*at] = parse_value(of_workload[*at], text);
        } else if (const auto place = find(of_runtime, name)) {
            configuration[*place] = parse_value(of_runtime[*place], text);
        } else {
            std::vector<std::string_view> known;
            for (const auto list : {of_workload, of_runtime}) {
                for (const parameter& declared : list) {
                    known.push_back(declared.name);
                }
            }
            refuse(
                fmt::format("unknown parameter '{}'; there are: {}", name, fmt::join(known, ", ")),
                "");
        }
    }
}

}  // namespace regatta
