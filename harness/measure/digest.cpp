#include "harness/measure/digest.hpp"

#include <fstream>
#include <memory>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace regatta {
namespace {

class sha256 {
public:
    sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
        check(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
    }
    void update(std::string_view bytes) {
        check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
    }
    std::string hexadecimal() {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned length = 0;
        check(EVP_DigestFinal_ex(context_.get(), digest, &length));
        std::string text;
        for (unsigned i = 0; i < length; ++i) {
            text += fmt::format("{:02x}", digest[i]);
        }
        return text;
    }

private:
    static void check(int succeeded) {
        if (succeeded != 1) {
            throw std::runtime_error("libcrypto cannot compute SHA-256");
        }
    }
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

}  // namespace

std::string sha256_of_text(std::string_view text) {
    sha256 digest;
    digest.update(text);
    return digest.hexadecimal();
}

std::optional<std::string> sha256_of_file(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream || std::filesystem::is_directory(file)) {
        return std::nullopt;
    }
    sha256 digest;
    std::vector<char> chunk(1 << 16);
    while (stream.read(chunk.data(), static_cast<std::streamsize>(chunk.size())),
           stream.gcount() > 0) {
        digest.update({chunk.data(), static_cast<std::size_t>(stream.gcount())});
    }
    return digest.hexadecimal();
}

}  // namespace regatta
