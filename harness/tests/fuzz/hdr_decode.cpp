// The reader of HdrHistogram's encoding under any bytes: it takes them or says why not, and what it
// took is written and read again unchanged.
#include <cstdint>
#include <cstdlib>
#include <string>

#include <zlib.h>

#include "harness/failure.hpp"
#include "harness/record/base64.hpp"
#include "harness/record/hdr_encoding.hpp"

using namespace regatta;

namespace {

// Chance finds no text that inflates: here are the two outer layers of the encoding around `plain`.
std::string wrap(const std::string& plain) {
    std::string deflated(compressBound(plain.size()), '\0');
    uLongf length = deflated.size();
    if (compress(reinterpret_cast<Bytef*>(deflated.data()), &length,
                 reinterpret_cast<const Bytef*>(plain.data()), plain.size()) != Z_OK) {
        std::abort();
    }
    deflated.resize(length);
    std::string whole("\x1c\x84\x93\x14", 4);
    for (const int shift : {24, 16, 8, 0}) {
        whole += static_cast<char>(deflated.size() >> shift);
    }
    return to_base64(whole + deflated);
}

}  // namespace

// The first byte says whether the rest is the text, or what it holds inside.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    histogram values;
    try {
        values = hdr::decode(data[0] % 2 == 0 ? rest : wrap(rest));
    } catch (const failure&) {
        return 0;
    }
    if (hdr::decode(hdr::encode(values)).sparse() != values.sparse()) {
        std::abort();
    }
    return 0;
}
