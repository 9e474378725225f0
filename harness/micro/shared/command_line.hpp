#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace regatta::micro {

/// Parses the command line of `program`, which has a name, and runs `body`: the exit status of
/// main(). What they throw is one line on standard error, after the name.
int run_command_line(CLI::App& program, int argc, char** argv, const std::function<int()>& body);

}  // namespace regatta::micro
