#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace regatta {

/// `bytes` in base64 (RFC 4648, section 4), padded.
std::string to_base64(std::string_view bytes);

/// The bytes that `text` stands for; nothing when it is no padded base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace regatta
