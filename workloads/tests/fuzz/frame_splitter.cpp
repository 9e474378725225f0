// The frame splitter under any bytes, in any pieces: it finds the frames that a straightforward
// reading of the whole finds, and holds no more than it was given.
#include <cstdlib>

#include "workloads/frame.hpp"

using namespace regatta;

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

// The payload of the frame at the front of `bytes`, which is taken off; false when there is none.
bool take_frame(bytes_view& bytes, bytes_view& payload) {
    const std::size_t whole = frame::length(bytes);
    if (whole == 0 || whole > frame::header_bytes + frame::payload_bytes_max) {
        return false;
    }
    payload = bytes.subspan(frame::header_bytes, whole - frame::header_bytes);
    bytes = bytes.subspan(whole);
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    // The first byte says how the rest is cut into receives.
    const std::size_t piece = std::size_t{1} + data[0];
    const bytes_view all = std::as_bytes(std::span(data, size)).subspan(1);
    frame::splitter frames;
    bytes_view expected = all;
    for (std::size_t at = 0; at < all.size() && !frames.is_malformed(); at += piece) {
        // A copy of its own: what the splitter reads of it later is a use after free.
        const bytes_view part = all.subspan(at, std::min(piece, all.size() - at));
        const std::vector<std::byte> received(part.begin(), part.end());
        frames.feed(received);
        for (bytes_view payload; frames.next(payload);) {
            bytes_view wanted;
            require(take_frame(expected, wanted));
            require(std::equal(payload.begin(), payload.end(), wanted.begin(), wanted.end()));
        }
    }
    bytes_view left;
    require(!take_frame(expected, left));
    return 0;
}
