#include "harness/audit/request_cutter.hpp"

#include <cstring>
#include <utility>

namespace regatta::audit {
namespace {

constexpr std::size_t header_bytes = 4;
constexpr std::uint32_t payload_bytes = 8;
constexpr std::size_t http_head_bytes_max = 65536;

template <class Number>
Number load(std::string_view bytes) {
    Number number;
    std::memcpy(&number, bytes.data(), sizeof number);
    return number;
}

template <class Number>
void store(std::string& out, Number number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

struct cut {
    std::size_t bytes = 0;  // 0: it is incomplete
    bool is_wrong = false;
    request found;
    bool wants_reply = true;
};

cut cut_frame(std::string_view from) {
    if (from.size() < header_bytes) {
        return {};
    }
    if (load<std::uint32_t>(from) != payload_bytes) {
        return {0, true, {}};
    }
    if (from.size() < header_bytes + payload_bytes) {
        return {};
    }
    return {header_bytes + payload_bytes, false, {load<std::uint64_t>(from.substr(header_bytes))}};
}

cut cut_http(std::string_view from) {
    constexpr std::string_view method = "GET ";
    constexpr std::string_view blank_line = "\r\n\r\n";
    if (from.substr(0, method.size()) != method.substr(0, from.size())) {
        return {0, true, {}};
    }
    const std::size_t end = from.find(blank_line);
    if (end == std::string_view::npos) {
        return {0, from.size() > http_head_bytes_max, {}};
    }
    return {end + blank_line.size(), false, {}};
}

/// sockperf's message begins with 14 bytes, most significant first: 8 of sequence number, whose
/// first is 0 for the first 2^56, 2 of flags and 4 of the message's length (src/message.h of
/// sockperf 3.7). The reply is the message without the flag "from a client".
cut cut_sockperf(std::string_view from) {
    constexpr std::size_t flags_at = 9;
    constexpr std::size_t length_at = 10;
    constexpr std::size_t head_bytes = 14;
    constexpr std::size_t message_bytes_max = 65536;
    constexpr unsigned char from_client = 1;
    constexpr unsigned char wants_reply = 2;
    constexpr unsigned char warm_up = 4;
    if (from.size() < head_bytes) {
        return {};
    }
    std::size_t length = 0;
    for (std::size_t i = length_at; i < head_bytes; ++i) {
        length = length << 8 | static_cast<unsigned char>(from[i]);
    }
    const auto flags = static_cast<unsigned char>(from[flags_at]);
    if (length < head_bytes || length > message_bytes_max || (flags & from_client) == 0) {
        return {0, true, {}};
    }
    if (from.size() < length) {
        return {};
    }
    cut found{length, false, {{}, std::string(from.substr(0, length))}};
    found.found.message[flags_at] = static_cast<char>(flags & ~from_client);
    found.wants_reply = (flags & wants_reply) != 0 && (flags & warm_up) == 0;
    return found;
}

cut cut_next(std::string_view from) {
    return from.front() == 'G'    ? cut_http(from)
           : from.front() == '\0' ? cut_sockperf(from)
                                  : cut_frame(from);
}

}  // namespace

void append_reply(const request& asked, std::string& out) {
    if (asked.nonce) {
        store(out, payload_bytes);
        store(out, ~*asked.nonce);
    } else if (!asked.message.empty()) {
        out += asked.message;
    } else {
        out += "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n";
    }
}

bool request_cutter::feed(std::string_view bytes, std::vector<request>& whole) {
    pending_ += bytes;
    std::size_t taken = 0;
    while (taken < pending_.size()) {
        const std::string_view rest = std::string_view(pending_).substr(taken);
        cut next = cut_next(rest);
        if (next.is_wrong) {
            return false;
        }
        if (next.bytes == 0) {
            break;
        }
        if (next.wants_reply) {
            whole.push_back(std::move(next.found));
        }
        taken += next.bytes;
    }
    pending_.erase(0, taken);
    return true;
}

}  // namespace regatta::audit
