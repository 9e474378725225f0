#pragma once

#include <nlohmann/json.hpp>

#include "harness/server/child_process.hpp"

namespace regatta {

/// The part of a trial's `server` object that tells how the process ended and what it used; all
/// null while it runs.
nlohmann::json ending_record(const child_process& process);

}  // namespace regatta
