#pragma once

#include <chrono>
#include <cmath>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/failure.hpp"

/// A verb of the command line is one file in this folder that holds one `registered_verb`; nothing
/// else names it. What it cannot do it throws as `failure`: main() prints the line and exits.
///
///     const registered_verb list_verb("list", "runtimes and workloads", [](CLI::App& command) {
///         auto options = std::make_shared<list_options>();
///         command.add_flag("--json", options->json, "one JSON object instead of tables");
///         return [options] { return list(*options); };
///     });
namespace regatta::cli {

/// Declares the verb's options on its command and gives the function that does the work; that
/// returns the exit status.
using verb_setup = std::function<std::function<int()>(CLI::App& command)>;

struct verb {
    std::string name;
    std::string about;  ///< a few words for `regatta -h`
    verb_setup setup;
};

/// All verbs, in no particular order until main() sorts them by name.
inline std::vector<verb>& verbs() {
    static std::vector<verb> all;
    return all;
}

/// Accepts numbers from `lowest` to `highest`; refuses anything else in words that say so.
inline CLI::Validator number_from(double lowest, double highest, bool is_whole = false) {
    return CLI::Validator(
        [=](std::string& text) -> std::string {
            double value = 0;
            const bool is_number = CLI::detail::lexical_cast(text, value) && value >= lowest &&
                                   value <= highest && (!is_whole || std::trunc(value) == value);
            return is_number ? ""
                             : fmt::format("must be a {}number from {} to {}, not '{}'",
                                           is_whole ? "whole " : "", lowest, highest, text);
        },
        "");
}

/// A time that a user gave in seconds.
inline std::chrono::nanoseconds nanoseconds(double seconds) {
    return std::chrono::nanoseconds(std::llround(seconds * 1e9));
}

/// The words that this program was started with.
inline std::vector<std::string>& command_line() {
    static std::vector<std::string> words;
    return words;
}

class registered_verb {
public:
    registered_verb(std::string_view name, std::string_view about, verb_setup setup) {
        verbs().push_back({std::string(name), std::string(about), std::move(setup)});
    }
};

}  // namespace regatta::cli
