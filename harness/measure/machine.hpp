#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace regatta {

/// The `machine` block of a run record (results/FORMAT.md): what cannot be found out is null.
nlohmann::json machine_record();

/// A few words for a person: "Intel Xeon, 2 CPUs, 7.8 GiB, Linux 6.1".
std::string machine_sentence(const nlohmann::json& machine);

}  // namespace regatta
