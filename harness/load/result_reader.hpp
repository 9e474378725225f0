#pragma once

#include <nlohmann/json_fwd.hpp>

#include "harness/load/result.hpp"

namespace regatta::load {

/// Reads what to_json(load_result) wrote. Throws nlohmann::json::exception and std::runtime_error
/// for anything else.
load_result result_from_json(const nlohmann::json& object);

}  // namespace regatta::load
