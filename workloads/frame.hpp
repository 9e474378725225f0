#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "workloads/workload.hpp"

/// The frame of the request-reply workloads: four bytes of payload length, least significant byte
/// first, then the payload. See workloads/PROTOCOL.md.
namespace regatta::frame {

inline constexpr std::size_t header_bytes = 4;
inline constexpr std::size_t payload_bytes_max = 16u << 20;

inline std::uint32_t load_u32(const std::byte* from) {
    std::uint32_t value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

inline std::uint64_t load_u64(const std::byte* from) {
    std::uint64_t value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

inline void store_u32(std::byte* to, std::uint32_t value) {
    std::memcpy(to, &value, sizeof value);
}
inline void store_u64(std::byte* to, std::uint64_t value) {
    std::memcpy(to, &value, sizeof value);
}

/// Length in bytes of the frame at the front of `bytes`, header included; 0 while it is incomplete.
inline std::size_t length(bytes_view bytes) {
    if (bytes.size() < header_bytes) {
        return 0;
    }
    const std::size_t whole = header_bytes + load_u32(bytes.data());
    return bytes.size() < whole ? 0 : whole;
}

/// Cuts a byte stream into frames. A frame that arrives in one piece is not copied.
///
///     splitter.feed(bytes);
///     while (splitter.next(payload)) { ... payload is valid until the next call ... }
///     if (splitter.is_malformed()) close the connection;
class splitter {
public:
    /// `bytes` must stay valid until next() has returned false.
    void feed(bytes_view bytes) { fresh_ = bytes; }

    /// Puts the next whole payload into `payload`; false when more bytes are needed.
    bool next(bytes_view& payload) {
        if (consumed_ != 0) {
            pending_.clear();
            consumed_ = 0;
        }
        if (!pending_.empty() && !complete_pending()) {
            return false;
        }
        const bytes_view from = pending_.empty() ? fresh_ : bytes_view(pending_);
        if (from.size() >= header_bytes && load_u32(from.data()) > payload_bytes_max) {
            malformed_ = true;
            return false;
        }
        const std::size_t whole = length(from);
        if (whole == 0) {
            pending_.insert(pending_.end(), fresh_.begin(), fresh_.end());
            fresh_ = {};
            return false;
        }
        payload = from.subspan(header_bytes, whole - header_bytes);
        if (pending_.empty()) {
            fresh_ = fresh_.subspan(whole);
        } else {
            consumed_ = whole;
        }
        return true;
    }

    /// A header announced more than `payload_bytes_max`: the stream cannot be followed further.
    bool is_malformed() const { return malformed_; }

private:
    // Moves fresh bytes over until pending_ holds exactly one frame; false when they do not
    // suffice.
    bool complete_pending() {
        take(header_bytes);
        if (pending_.size() < header_bytes) {
            return false;
        }
        const std::size_t payload = load_u32(pending_.data());
        if (payload > payload_bytes_max) {
            return true;
        }
        take(header_bytes + payload);
        return pending_.size() == header_bytes + payload;
    }

    void take(std::size_t until) {
        if (pending_.size() >= until) {
            return;
        }
        const std::size_t count = std::min(until - pending_.size(), fresh_.size());
        pending_.insert(pending_.end(), fresh_.begin(), fresh_.begin() + count);
        fresh_ = fresh_.subspan(count);
    }

    std::vector<std::byte> pending_;  // the front of a frame whose rest has not come yet
    bytes_view fresh_;
    std::size_t consumed_ = 0;  // length of the frame in pending_ that was handed out
    bool malformed_ = false;
};

}  // namespace regatta::frame
