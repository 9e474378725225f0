#include <algorithm>
#include <cstdio>
#include <iostream>
#include <system_error>

#include <fmt/format.h>

#include "harness/cli/verb.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/plan/nearest.hpp"

namespace {

using regatta::usage_failure;
using regatta::cli::verb;

constexpr const char* main_examples = R"(Examples:
  regatta list                        what can run here, and what cannot and why
  regatta doctor                      is this machine fit to measure on?
  regatta verify echo                 does every runtime answer rightly?
  regatta run smoke                   a first race of a few minutes
  regatta run 'echo/.*/connections:50'   what the regular expression matches
Each verb explains itself: regatta VERB -h)";

std::vector<std::string> verb_names() {
    std::vector<std::string> names;
    for (const verb& each : regatta::cli::verbs()) {
        names.push_back(each.name);
    }
    return names;
}

[[noreturn]] void refuse_verb(const std::string& word) {
    const std::string best = regatta::nearest(word, verb_names());
    throw usage_failure(
        fmt::format("unknown verb '{}'; {}", word,
                    best.empty() ? "the verbs are: " + regatta::nearest_first(word, verb_names())
                                 : "did you mean '" + best + "'?"));
}

[[noreturn]] void refuse_extra(const CLI::App& command, const std::string& word) {
    const std::string help = fmt::format("see regatta {} -h", command.get_name());
    if (word.empty() || word.front() != '-') {
        throw usage_failure(fmt::format("{}: unexpected '{}'; {}", command.get_name(), word, help));
    }
    std::vector<std::string> options;
    for (const CLI::Option* option : command.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            options.push_back("--" + name);
        }
    }
    const std::string best = regatta::nearest(word.substr(0, word.find('=')), options);
    throw usage_failure(fmt::format("{}: unknown option '{}'; {}", command.get_name(), word,
                                    best.empty() ? help : fmt::format("did you mean '{}'?", best)));
}

int dispatch(int argc, char** argv) {
    auto& all = regatta::cli::verbs();
    std::sort(all.begin(), all.end(), [](const verb& a, const verb& b) { return a.name < b.name; });
    CLI::App app("Regatta runs the same workload on every concurrency runtime under one harness.",
                 "regatta");
    app.footer(main_examples);
    app.get_formatter()->column_width(38);
    app.set_help_flag("-h,--help", "print this and exit");
    app.set_version_flag("--version", std::string("regatta ") + regatta::program_version(),
                         "print the version and exit");
    app.require_subcommand(0, 1);
    std::vector<std::pair<CLI::App*, std::function<int()>>> commands;
    for (const verb& each : all) {
        CLI::App* command = app.add_subcommand(each.name, each.about);
        command->allow_extras();
        commands.emplace_back(command, each.setup(*command));
    }
    if (argc > 1 && argv[1][0] != '-') {
        const std::vector<std::string> names = verb_names();
        if (std::find(names.begin(), names.end(), argv[1]) == names.end()) {
            refuse_verb(argv[1]);
        }
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ExtrasError&) {
        throw usage_failure(fmt::format("unknown option '{}'; see regatta -h", argv[1]));
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) {
            return app.exit(error);
        }
        const std::string verb_name = argc > 1 ? argv[1] : "";
        throw usage_failure(
            fmt::format("{}: {}; see regatta {} -h", verb_name, error.what(), verb_name));
    }
    for (const auto& [command, action] : commands) {
        if (command->parsed()) {
            for (const std::string& extra : command->remaining()) {
                if (extra != "--") {  // it only says that no options follow
                    refuse_extra(*command, extra);
                }
            }
            return action();
        }
    }
    std::cout << app.help();
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        regatta::cli::command_line().assign(argv, argv + argc);
        const int status = dispatch(argc, argv);
        std::cout.flush();
        if (std::fflush(stdout) != 0 || !std::cout) {
            throw regatta::failure("cannot write to standard output");
        }
        return status;
    } catch (const regatta::failure& failure) {
        fmt::print(stderr, "regatta: {}\n", failure.what());
        return failure.exit_status();
    } catch (const std::system_error& error) {
        fmt::print(stderr, "regatta: {}\n", error.what());
        return 1;
    } catch (const std::exception& error) {
        fmt::print(stderr, "regatta: internal error: {}\n", error.what());
        return 1;
    }
}
