#pragma once

#include <array>
#include <cstdint>

#include "runtimes/runtime.hpp"
#include "workloads/frame.hpp"

/// What the workloads with one small frame each way have in common: the request's payload is a
/// nonce of 8 bytes, the reply's payload an answer of 8 bytes that depends on it.
namespace regatta::request_reply {

inline constexpr std::size_t payload_bytes = 8;
inline constexpr std::size_t frame_bytes = frame::header_bytes + payload_bytes;
using message = std::array<std::byte, frame_bytes>;

inline message make_message(std::uint64_t payload) {
    message whole;
    frame::store_u32(whole.data(), payload_bytes);
    frame::store_u64(whole.data() + frame::header_bytes, payload);
    return whole;
}

/// The session of such a workload. For each request it awaits `Workload::wait(runtime, values,
/// nonce)`, where the workload has such a function, and answers `Workload::answer(values, nonce)`.
/// Requests of one connection are answered in order, one at a time.
template <class Workload, runtime Runtime>
auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
             counters& counts) -> typename Runtime::template task<void> {
    frame::splitter frames;
    for (;;) {
        auto [failed, bytes] = co_await peer.receive();
        if (failed || bytes.empty()) {
            counts.errors += failed ? 1 : 0;
            co_return;
        }
        counts.bytes_received += bytes.size();
        frames.feed(bytes);
        for (bytes_view request; frames.next(request);) {
            if (request.size() != payload_bytes) {
                ++counts.errors;
                co_return;
            }
            const std::uint64_t nonce = frame::load_u64(request.data());
            if constexpr (requires { Workload::wait(runtime, values, nonce); }) {
                if (auto [stopped] = co_await Workload::wait(runtime, values, nonce); stopped) {
                    co_return;
                }
            }
            const message reply = make_message(Workload::answer(values, nonce));
            if (auto [refused] = co_await peer.send(reply); refused) {
                ++counts.errors;
                co_return;
            }
            ++counts.requests;
            counts.bytes_sent += reply.size();
        }
        if (frames.is_malformed()) {
            ++counts.errors;
            co_return;
        }
    }
}

/// The client half: requests with one of `distinct_nonces` nonces, and the answers to them,
/// computed beforehand so that checking a reply costs the generator a comparison.
template <class Workload>
class exchange {
public:
    explicit exchange(const params& values) {
        for (std::uint64_t i = 0; i < distinct_nonces; ++i) {
            requests_[i] = make_message(nonce(i));
            replies_[i] = make_message(Workload::answer(values, nonce(i)));
        }
    }
    void append_request(std::uint64_t sequence, std::vector<std::byte>& out) const {
        const message& request = requests_[sequence % distinct_nonces];
        out.insert(out.end(), request.begin(), request.end());
    }
    std::size_t reply_length(std::uint64_t, bytes_view bytes) const { return frame::length(bytes); }
    bool is_right(std::uint64_t sequence, bytes_view reply) const {
        const message& expected = replies_[sequence % distinct_nonces];
        return reply.size() == expected.size() &&
               std::memcmp(reply.data(), expected.data(), expected.size()) == 0;
    }

private:
    // A prime, so that a reply that belongs to a neighbouring request is never taken for the right
    // one.
    static constexpr std::uint64_t distinct_nonces = 13;

    static std::uint64_t nonce(std::uint64_t index) { return (index + 1) * 0x9e3779b97f4a7c15ULL; }

    std::array<message, distinct_nonces> requests_;
    std::array<message, distinct_nonces> replies_;
};

}  // namespace regatta::request_reply
