#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "workloads/support/injection_spec.hpp"

/// Slowing a program on purpose (`--inject`): so that a check that looks for slowdowns can be shown
/// to find them.
namespace regatta {

/// From now on every receive of every session does the work of `spec`, on the thread that serves
/// it; a sleep blocks that thread, as a call that blocks by mistake would. Once, before any thread
/// starts.
void start_injecting(const injection_spec& spec);

/// `notes`, and that the program is slowed on purpose where it is.
std::vector<std::string> with_injection_note(std::vector<std::string> notes);

/// What was done so far, as `injected` of runtimes/CONTRACT.md has it; null without injection.
nlohmann::json injected_json();

}  // namespace regatta
