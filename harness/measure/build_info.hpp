#pragma once

#include <filesystem>

#include <nlohmann/json.hpp>

namespace regatta {

/// Version of this program, "0.1.0".
const char* program_version();

/// The tree that this program was built from: where suites and foreign runtimes are.
std::filesystem::path source_folder();

/// The folder of this program's executable: where the generator and the C++ runtimes are.
std::filesystem::path program_folder();

/// The `regatta` block of a run record (results/FORMAT.md). `commit` and `dirty` are those of the
/// source tree now, null when it is no git checkout or git is missing.
nlohmann::json build_record();

}  // namespace regatta
