// The generator's reading of HTTP replies under any bytes: it never reads beyond them, and a reply
// that it has found stays the same whatever follows.
#include <cstdlib>

#include "workloads/support/http_reply.hpp"

using namespace regatta;

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // Copies with exact ends, so that a read beyond one is seen.
    const std::vector<std::uint8_t> all(data, data + size);
    const http::reply found = http::read_reply(std::as_bytes(std::span(all)));
    require(found.length <= size && found.body.size() <= size);
    if (found.is_json_ok) {
        const std::vector<std::uint8_t> exact(
            all.begin(), all.begin() + static_cast<std::ptrdiff_t>(found.length));
        const http::reply again = http::read_reply(std::as_bytes(std::span(exact)));
        require(again.is_json_ok && again.length == found.length && again.body == found.body);
    }
    return 0;
}
