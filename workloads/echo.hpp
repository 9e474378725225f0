#pragma once

#include <cstring>

#include "runtimes/runtime.hpp"
#include "workloads/kernels.hpp"
#include "workloads/workload.hpp"

namespace regatta::workloads {

/// Bytes back: the least that a server can do, so what it costs is the runtime's own.
struct echo {
    static constexpr std::string_view name = "echo";
    static constexpr std::string_view about = "sends every byte back";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { size };
    static constexpr parameter parameters[] = {
        {"size", "bytes", 64, 1, 1 << 20, "length of one message"},
    };

    template <runtime Runtime>
    static auto session(Runtime&, typename Runtime::stream peer, const params& values,
                        counters& counts) -> typename Runtime::template task<void> {
        for (;;) {
            auto [failed, bytes] = co_await peer.receive();
            if (failed || bytes.empty()) {
                counts.errors += failed ? 1 : 0;
                break;
            }
            counts.bytes_received += bytes.size();
            if (auto [refused] = co_await peer.send(bytes); refused) {
                ++counts.errors;
                break;
            }
        }
        counts.bytes_sent = counts.bytes_received;
        counts.requests = counts.bytes_received / static_cast<std::uint64_t>(values[size]);
    }

    class exchange {
    public:
        explicit exchange(const params& values) : size_(static_cast<std::size_t>(values[size])) {
            // A window into noise that moves with the sequence number: replies that come in the
            // wrong order or from another connection's buffer differ from what is expected.
            noise_.resize(size_ + period);
            kernels::fill(noise_, 0x9e3779b9);
        }

        void append_request(std::uint64_t sequence, std::vector<std::byte>& out) const {
            const auto message = expected(sequence);
            out.insert(out.end(), message.begin(), message.end());
        }
        std::size_t reply_length(std::uint64_t, bytes_view bytes) const {
            return bytes.size() < size_ ? 0 : size_;
        }
        bool is_right(std::uint64_t sequence, bytes_view reply) const {
            return std::memcmp(reply.data(), expected(sequence).data(), size_) == 0;
        }

    private:
        static constexpr std::size_t period = 61;

        bytes_view expected(std::uint64_t sequence) const {
            return bytes_view(noise_).subspan(sequence % period, size_);
        }

        std::size_t size_;
        std::vector<std::byte> noise_;
    };

    static double ceiling_per_s(const params&, std::int64_t, std::int64_t) { return no_ceiling; }
};

}  // namespace regatta::workloads
