#include "harness/record/base64.hpp"

#include <algorithm>

#include <openssl/evp.h>

namespace regatta {

std::string to_base64(std::string_view bytes) {
    // EVP_EncodeBlock adds a NUL behind what it returns the length of.
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                       reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    const std::size_t padding_at = std::min(text.find('='), text.size());
    const std::size_t padding = text.size() - padding_at;
    const bool ends_in_padding = text.find_first_not_of('=', padding_at) == text.npos;
    const bool has_space = text.find_first_of(" \t\r\n") != text.npos;  // which OpenSSL skips
    if (text.size() % 4 != 0 || padding > 2 || !ends_in_padding || has_space) {
        return std::nullopt;
    }
    std::string bytes(text.size() / 4 * 3, '\0');
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    if (length < 0) {
        return std::nullopt;
    }
    // EVP_DecodeBlock counts the padding as zero bytes.
    bytes.resize(static_cast<std::size_t>(length) - padding);
    return bytes;
}

}  // namespace regatta
