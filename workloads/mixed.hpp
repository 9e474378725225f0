#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "workloads/frame.hpp"
#include "workloads/kernels.hpp"
#include "workloads/request_reply.hpp"

namespace regatta::workloads {

/// Some requests cost much CPU, or a call that blocks its thread as long; the others nothing. In
/// the handler the heavy ones keep a loop from serving anybody else; offloaded to a pool of threads
/// they do not. The generator tells the latency of the others apart.
struct mixed {
    static constexpr std::string_view name = "mixed";
    static constexpr std::string_view about =
        "some requests compute or block for cpu_us, in the handler or on a pool; and the others?";
    static constexpr std::string_view set_apart = "heavy";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { heavy_percent, cpu_us, heavy, work };
    enum : std::int64_t { computed_inline, offloaded };
    static constexpr std::array<std::string_view, 2> places{"inline", "offload"};
    enum : std::int64_t { computes, blocks };
    static constexpr std::array<std::string_view, 2> works{"cpu", "block"};
    static constexpr parameter parameters[] = {
        {"heavy_percent", "percent", 10, 0, 99, "share of the requests that cost CPU"},
        {"cpu_us", "us", 1000, 1, 1'000'000, "CPU time of such a request, as calibrated"},
        {"heavy", "", computed_inline, computed_inline, offloaded, "where it is computed", places},
        {"work", "", computes, computes, blocks, "compute, or block the thread as long", works},
    };

    static constexpr std::size_t reply_payload_bytes = 16;
    static constexpr std::size_t reply_bytes = frame::header_bytes + reply_payload_bytes;

    /// The nonce's lowest bit tells.
    static constexpr bool is_heavy(std::uint64_t nonce) { return (nonce & 1) != 0; }
    static std::uint64_t answer(const params& values, std::uint64_t nonce) {
        return is_heavy(nonce) && values[work] == computes
                   ? kernels::burn(nonce, values[cpu_us] * values.rounds_per_us)
                   : ~nonce;
    }
    /// The answer, after blocking the thread where that is the work.
    static std::uint64_t work_out(const params& values, std::uint64_t nonce) {
        if (is_heavy(nonce) && values[work] == blocks) {
            std::this_thread::sleep_for(std::chrono::microseconds(values[cpu_us]));
        }
        return answer(values, nonce);
    }
    /// A frame with the nonce and the answer to it.
    static std::array<std::byte, reply_bytes> make_reply(std::uint64_t nonce,
                                                         std::uint64_t result) {
        std::array<std::byte, reply_bytes> whole;
        frame::store_u32(whole.data(), reply_payload_bytes);
        frame::store_u64(whole.data() + frame::header_bytes, nonce);
        frame::store_u64(whole.data() + frame::header_bytes + sizeof nonce, result);
        return whole;
    }

    template <full_runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
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
                if (request.size() != request_reply::payload_bytes) {
                    ++counts.errors;
                    co_return;
                }
                const std::uint64_t nonce = frame::load_u64(request.data());
                std::uint64_t result = 0;
                if (values[heavy] == offloaded && is_heavy(nonce)) {
                    const auto [stopped, value] = co_await runtime.offload(
                        [nonce, &values] { return work_out(values, nonce); });
                    if (stopped) {
                        co_return;
                    }
                    result = *value;
                } else {
                    result = work_out(values, nonce);
                }
                const auto reply = make_reply(nonce, result);
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

    /// The order of heavy and other requests is that of all connections together: by its number in
    /// each connection, all connections would send the heavy ones at the same moment.
    class exchange {
    public:
        explicit exchange(const params& values)
            : heavy_percent_(static_cast<std::uint64_t>(values[heavy_percent])) {
            for (std::uint64_t i = 0; i < 2 * distinct; ++i) {
                requests_[i] = request_reply::make_message(nonce(i));
                replies_[i] = make_reply(nonce(i), answer(values, nonce(i)));
            }
        }
        void append_request(std::uint64_t sequence, std::vector<std::byte>& out) const {
            std::array<std::byte, sizeof(std::uint64_t)> draw;
            kernels::fill(draw, drawn_.fetch_add(1, std::memory_order_relaxed));
            const bool is_heavy = frame::load_u64(draw.data()) % 100 < heavy_percent_;
            const auto& request = requests_[index(sequence, is_heavy)];
            out.insert(out.end(), request.begin(), request.end());
        }
        std::size_t reply_length(std::uint64_t, bytes_view bytes) const {
            return frame::length(bytes);
        }
        bool is_right(std::uint64_t sequence, bytes_view reply) const {
            const auto& expected = replies_[index(sequence, is_set_apart(sequence, reply))];
            return reply.size() == expected.size() &&
                   std::memcmp(reply.data(), expected.data(), expected.size()) == 0;
        }
        /// Whether the request was a heavy one.
        bool is_set_apart(std::uint64_t, bytes_view reply) const {
            return reply.size() == reply_bytes &&
                   is_heavy(frame::load_u64(reply.data() + frame::header_bytes));
        }

    private:
        // A prime, so that a reply to a neighbouring request is never taken for the right one.
        static constexpr std::uint64_t distinct = 13;

        static constexpr std::uint64_t index(std::uint64_t sequence, bool is_heavy) {
            return 2 * (sequence % distinct) + (is_heavy ? 1 : 0);
        }
        static std::uint64_t nonce(std::uint64_t index) {
            return ((index / 2 + 1) * 0x9e3779b97f4a7c15ULL & ~std::uint64_t{1}) | (index & 1);
        }

        std::uint64_t heavy_percent_;
        std::array<request_reply::message, 2 * distinct> requests_;
        std::array<std::array<std::byte, reply_bytes>, 2 * distinct> replies_;
        mutable std::atomic<std::uint64_t> drawn_{0};
    };

    /// Bounded by CPU, which the calibration gives only within the machine's noise: no hard
    /// ceiling.
    static double ceiling_per_s(const params&, std::int64_t, std::int64_t) { return no_ceiling; }
};

}  // namespace regatta::workloads
