#pragma once

#include "harness/server/trial.hpp"

namespace regatta {

/// Starts a fresh server for `arm`, lets the generator open `arm.connections` connections (0: none,
/// and no generator), waits until the server's memory stands still, and reads it; nothing is sent.
/// Gives the fields of a `memory` record (results/FORMAT.md), all but `memory` and `round`. What
/// the machine or the runtime cannot hold is a result: the record says why. No process is left.
/// Throws only `interrupted`.
nlohmann::json run_memory_trial(const benchmark& arm, const trial_settings& settings);

}  // namespace regatta
