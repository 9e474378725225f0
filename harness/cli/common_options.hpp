#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "harness/cli/verb.hpp"

/// Options that several verbs have in the same words.
namespace regatta::cli {

/// --out and --force.
inline void declare_results_file(CLI::App& command, std::string& out, bool& is_forced) {
    command.add_option("--out", out, "results file (default results/raw/RUN_ID.jsonl)")
        ->type_name("FILE");
    command.add_flag("--force", is_forced, "overwrite the results file");
}

/// --seed, of what `about` says; `Seed` is std::uint64_t or an optional of it.
template <class Seed>
void declare_seed(CLI::App& command, Seed& seed, const std::string& about) {
    // Every reader of JSON keeps whole numbers up to here exact (RFC 8259, section 6).
    constexpr double seed_max = 9007199254740991;
    command.add_option("--seed", seed, about + " (default random)")
        ->type_name("N")
        ->check(number_from(0, seed_max, true));
}

/// --allow-busy-machine, of the verbs that else refuse trials beside which other programs ran.
inline void declare_busy_machine(CLI::App& command, bool& is_allowed) {
    command.add_flag("--allow-busy-machine", is_allowed,
                     "keep trials beside which other programs ran, with a warning");
}

/// Whether the option was given or, for all that a shell starts, REGATTA_ALLOW_BUSY_MACHINE is set.
inline bool allows_busy_machine(bool is_allowed) {
    const char* const word = std::getenv("REGATTA_ALLOW_BUSY_MACHINE");
    return is_allowed || (word != nullptr && *word != '\0' && std::string_view(word) != "0");
}

/// --placement, with what `about` says of it.
template <class Mode>
void declare_placement(CLI::App& command, Mode& mode, const std::string& about) {
    command.add_option("--placement", mode, about)
        ->type_name("MODE")
        ->check(CLI::IsMember({"split", "same-core", "free"}));
}

/// --measure and --warmup, each with what is said of it; `Seconds` is double or an optional of it.
template <class Seconds>
void declare_windows(CLI::App& command, Seconds& measure_s, const std::string& about_measure,
                     Seconds& warmup_s, const std::string& about_warmup) {
    command.add_option("--measure", measure_s, about_measure)
        ->type_name("S")
        ->check(number_from(0.01, 3600));
    command.add_option("--warmup", warmup_s, about_warmup)
        ->type_name("S")
        ->check(number_from(0, 3600));
}

/// The three options of verbs that pair many short trials.
template <class Seconds, class Mode>
void declare_short_trials(CLI::App& command, Seconds& measure_s, Seconds& warmup_s, Mode& mode) {
    declare_windows(command, measure_s, "measured seconds of a trial (default 0.25)", warmup_s,
                    "seconds before them (default 0.1)");
    declare_placement(command, mode, "CPUs: same-core (default), split, or free");
}

}  // namespace regatta::cli
