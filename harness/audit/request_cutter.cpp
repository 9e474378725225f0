#include "harness/audit/request_cutter.hpp"

#include <cstring>

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

}  // namespace

void append_reply(const request& asked, std::string& out) {
    if (asked.nonce) {
        store(out, payload_bytes);
        store(out, ~*asked.nonce);
    } else {
        out += "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n";
    }
}

bool request_cutter::feed(std::string_view bytes, std::vector<request>& whole) {
    pending_ += bytes;
    std::size_t taken = 0;
    while (taken < pending_.size()) {
        const std::string_view rest = std::string_view(pending_).substr(taken);
        const cut next = rest.front() == 'G' ? cut_http(rest) : cut_frame(rest);
        if (next.is_wrong) {
            return false;
        }
        if (next.bytes == 0) {
            break;
        }
        whole.push_back(next.found);
        taken += next.bytes;
    }
    pending_.erase(0, taken);
    return true;
}

}  // namespace regatta::audit
