#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace regatta {

/// SHA-256 in lower-case hexadecimal.
std::string sha256_of_text(std::string_view text);

/// The same of a file's content; nothing when it cannot be read.
std::optional<std::string> sha256_of_file(const std::filesystem::path& file);

}  // namespace regatta
