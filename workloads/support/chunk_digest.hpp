#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include "workloads/workload.hpp"

namespace regatta {

/// A number that depends on every byte of a chunk and on its place, at memory speed, in whatever
/// pieces the chunk comes: over words of 8 bytes (least significant first, the last one filled up
/// with zeros), sum = rotate_left(sum, 1) + word. No protection against anybody, only against
/// mistakes. A chunk of 8 bytes is its own digest.
class chunk_digest {
public:
    void add(bytes_view bytes) {
        while (filled_ != 0 && !bytes.empty()) {
            add_byte(bytes.front());
            bytes = bytes.subspan(1);
        }
        for (std::uint64_t word; bytes.size() >= sizeof word; bytes = bytes.subspan(sizeof word)) {
            std::memcpy(&word, bytes.data(), sizeof word);
            add_word(word);
        }
        for (const std::byte each : bytes) {
            add_byte(each);
        }
    }

    /// The digest of what was added since the last call.
    std::uint64_t finish() {
        if (filled_ != 0) {
            add_word(std::exchange(partial_, 0));
            filled_ = 0;
        }
        return std::exchange(sum_, 0);
    }

private:
    void add_byte(std::byte each) {
        partial_ |= std::to_integer<std::uint64_t>(each) << (8 * filled_);
        if (++filled_ == sizeof partial_) {
            add_word(std::exchange(partial_, 0));
            filled_ = 0;
        }
    }
    void add_word(std::uint64_t word) { sum_ = std::rotl(sum_, 1) + word; }

    std::uint64_t sum_ = 0;
    std::uint64_t partial_ = 0;
    unsigned filled_ = 0;  // bytes in partial_
};

}  // namespace regatta
