#pragma once

#include <charconv>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

namespace regatta {

/// The whole of a small file of the kernel (/proc, /sys), without its last newline; nothing when it
/// cannot be read.
inline std::optional<std::string> read_kernel_file(const std::string& path) {
    std::ifstream stream(path);
    std::ostringstream text;
    if (!stream || !(text << stream.rdbuf())) {
        return std::nullopt;
    }
    std::string whole = text.str();
    if (!whole.empty() && whole.back() == '\n') {
        whole.pop_back();
    }
    return whole;
}

/// The number behind `label` ("Pss:") at the start of a line of `text`; nothing when it is absent.
inline std::optional<std::uint64_t> labelled_number(std::string_view text, std::string_view label) {
    std::size_t at = text.rfind(label, 0) == 0 ? 0 : text.find("\n" + std::string(label));
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    at = text.find_first_of("0123456789", at + label.size());
    std::uint64_t value = 0;
    if (at == std::string_view::npos ||
        std::from_chars(text.data() + at, text.data() + text.size(), value).ec != std::errc()) {
        return std::nullopt;
    }
    return value;
}

}  // namespace regatta
