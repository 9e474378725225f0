#pragma once

#include <array>
#include <cerrno>
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

/// What a handler gives: the reply's payload, unless there is an error, which ends the session.
struct answered {
    io_error error;
    std::uint64_t payload = 0;
};

/// The payload of a reply that says: not done. It is the request's own.
inline std::uint64_t refusal(std::uint64_t nonce) {
    return nonce;
}

/// Which one of every hundred requests one is: what makes some of them different depends on it.
inline constexpr std::uint64_t places = 100;
inline std::uint64_t place_of(std::uint64_t nonce) {
    return nonce % places;
}

/// What a session has at hand for one request.
template <class Runtime>
struct context {
    Runtime& runtime;
    const params& values;
    counters& counts;
    std::uint64_t nonce;
};

/// Whether the reply is `co_await Workload::handle(context, state...)`, which gives `answered`.
/// Else it is `Workload::answer(values, nonce)`, after awaiting `Workload::wait(runtime, values,
/// nonce)` where there is such a function, which gives an `outcome`.
template <class Workload, class Runtime, class... State>
concept handles = requires(context<Runtime> request, State&... state) {
    Workload::handle(request, state...);
};

/// Where only some requests are slow, only these wait.
template <class Workload>
bool needs_wait(const params& values, std::uint64_t nonce) {
    if constexpr (requires { Workload::is_slow(values, nonce); }) {
        return Workload::is_slow(values, nonce);
    } else {
        return true;
    }
}

/// The session of such a workload. Requests of one connection are answered in order, one at a time,
/// until the client closes, or after `replies` of them where `Workload::is_last(values, replies)`.
template <class Workload, runtime Runtime, class... State>
auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
             counters& counts, State&... state) -> typename Runtime::template task<void> {
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
            message reply;
            if constexpr (handles<Workload, Runtime, State...>) {
                const answered result = co_await Workload::handle(
                    context<Runtime>{runtime, values, counts, nonce}, state...);
                if (result.error) {
                    counts.errors += result.error.value() == ECANCELED ? 0 : 1;
                    co_return;
                }
                reply = make_message(result.payload);
            } else {
                if constexpr (requires { Workload::wait(runtime, values, nonce); }) {
                    if (needs_wait<Workload>(values, nonce)) {
                        auto [stopped] = co_await Workload::wait(runtime, values, nonce);
                        if (stopped) {
                            co_return;
                        }
                    }
                }
                reply = make_message(Workload::answer(values, nonce));
            }
            if (auto [refused] = co_await peer.send(reply); refused) {
                ++counts.errors;
                co_return;
            }
            ++counts.requests;
            counts.bytes_sent += reply.size();
            if constexpr (requires { Workload::is_last(values, counts.requests); }) {
                if (Workload::is_last(values, counts.requests)) {
                    co_return;
                }
            }
        }
        if (frames.is_malformed()) {
            ++counts.errors;
            co_return;
        }
    }
}

/// Whether a request may be answered by its refusal.
enum class refusal_is { wrong, allowed, certain };

/// The client half: requests with one of `Distinct` nonces, and the answers to them, computed
/// beforehand so that checking a reply costs the generator a comparison.
///
/// A workload that refuses requests declares `refuses(values, nonce)` -> refusal_is, and refusals
/// are set apart; one that slows some down on purpose `is_slow(values, nonce)`, and these are.
template <class Workload, std::size_t Distinct = 13>
class exchange {
    static constexpr bool refuses = requires(const params& values) {
        Workload::refuses(values, 0);
    };
    static constexpr bool slows = requires(const params& values) { Workload::is_slow(values, 0); };

public:
    explicit exchange(const params& values) {
        for (std::size_t i = 0; i < Distinct; ++i) {
            requests_[i] = make_message(nonce(i));
            replies_[i] = make_message(Workload::answer(values, nonce(i)));
            if constexpr (refuses) {
                refusals_[i] = Workload::refuses(values, nonce(i));
            }
            if constexpr (slows) {
                is_slow_[i] = Workload::is_slow(values, nonce(i));
            }
        }
    }
    void append_request(std::uint64_t sequence, std::vector<std::byte>& out) const {
        const message& request = requests_[sequence % Distinct];
        out.insert(out.end(), request.begin(), request.end());
    }
    std::size_t reply_length(std::uint64_t, bytes_view bytes) const { return frame::length(bytes); }
    bool is_right(std::uint64_t sequence, bytes_view reply) const {
        const std::size_t i = sequence % Distinct;
        const bool is_refused = is_equal(reply, refusal_message(i));
        return refusals_[i] == refusal_is::certain
                   ? is_refused
                   : is_equal(reply, replies_[i]) ||
                         (refusals_[i] == refusal_is::allowed && is_refused);
    }
    bool is_set_apart(std::uint64_t sequence, bytes_view reply) const requires(refuses || slows) {
        const std::size_t i = sequence % Distinct;
        return slows ? is_slow_[i] : is_equal(reply, refusal_message(i));
    }

private:
    /// Its place is `index`, so no two of them are alike, and a reply that belongs to another
    /// request is never taken for the right one.
    static std::uint64_t nonce(std::uint64_t index) {
        static_assert(Distinct <= places);
        const std::uint64_t mixed = (index + 1) * 0x9e3779b97f4a7c15ULL;
        return mixed - mixed % places + index;
    }
    // The frame of a refusal is that of the request.
    const message& refusal_message(std::size_t i) const { return requests_[i]; }
    static bool is_equal(bytes_view reply, const message& expected) {
        return reply.size() == expected.size() &&
               std::memcmp(reply.data(), expected.data(), expected.size()) == 0;
    }

    std::array<message, Distinct> requests_;
    std::array<message, Distinct> replies_;
    std::array<refusal_is, Distinct> refusals_{};
    std::array<bool, Distinct> is_slow_{};
};

}  // namespace regatta::request_reply
