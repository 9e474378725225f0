#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "workloads/workload.hpp"

namespace regatta::load {

/// Cuts what one connection receives into replies. A reply that came in one piece is used where it
/// lies; only one that came in several is put together in a buffer.
class reply_cutter {
public:
    /// What `take` returns for bytes that nobody asked for.
    static constexpr std::size_t refused = ~std::size_t{0};
    /// No reply is longer; what does not end before is not a reply.
    static constexpr std::size_t reply_bytes_max = 32u << 20;

    /// Calls `take(bytes)` for the bytes at the front until they are used up: it returns the length
    /// of the whole reply it found there and has dealt with, 0 when it needs more bytes, or
    /// `refused`. False when a reply was refused or too long: the stream cannot be followed
    /// further.
    template <class Take>
    bool feed(bytes_view bytes, Take&& take) {
        while (!pending_.empty() && !bytes.empty()) {
            // The rest of the reply, if it is as long as the last one; else as much again.
            const std::size_t had = pending_.size();
            const std::size_t guess = last_length_ > had ? last_length_ - had : had;
            const bytes_view more = bytes.first(std::min(guess, bytes.size()));
            pending_.insert(pending_.end(), more.begin(), more.end());
            const std::size_t length = take(bytes_view(pending_));
            if (length == refused || (length == 0 && pending_.size() > reply_bytes_max)) {
                return false;
            }
            if (length == 0) {
                bytes = bytes.subspan(more.size());
                continue;
            }
            bytes = bytes.subspan(length - had);
            last_length_ = length;
            pending_.clear();
        }
        while (!bytes.empty()) {
            const std::size_t length = take(bytes);
            if (length == refused) {
                return false;
            }
            if (length == 0) {
                pending_.assign(bytes.begin(), bytes.end());
                break;
            }
            last_length_ = length;
            bytes = bytes.subspan(length);
        }
        return true;
    }

private:
    std::vector<std::byte> pending_;  // the front of a reply whose rest has not come yet
    std::size_t last_length_ = 0;
};

}  // namespace regatta::load
