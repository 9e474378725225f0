#pragma once

#include <algorithm>
#include <cstring>

#include "runtimes/runtime.hpp"
#include "workloads/frame.hpp"
#include "workloads/kernels.hpp"
#include "workloads/support/chunk_digest.hpp"

namespace regatta::workloads {

/// Bulk transfer in chunks: down, up, or both. What goes one way only is asked for, or
/// acknowledged, in 8 bytes a chunk; `depth` chunks on their way keep the connection full.
struct stream {
    static constexpr std::string_view name = "stream";
    static constexpr std::string_view about = "moves chunks of chunk_bytes down, up, or both ways";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { direction, chunk_bytes };
    enum : std::int64_t { down, up, both };
    static constexpr std::string_view directions[] = {"down", "up", "both"};
    static constexpr parameter parameters[] = {
        {"direction", "", down, 0, 2, "from the server, to it, or both", directions},
        {"chunk_bytes", "bytes", 65'536, 8, 1 << 20, "length of one chunk"},
    };

private:
    static constexpr std::size_t short_bytes = 8;  // what stands for a chunk the other way
    static constexpr std::size_t period = 61;
    static constexpr std::uint64_t seed_down = 0xd0;
    static constexpr std::uint64_t seed_up = 0x0b;

    static std::size_t request_bytes(const params& values) {
        return values[direction] == down ? short_bytes
                                         : static_cast<std::size_t>(values[chunk_bytes]);
    }

    /// The replies, by the digest of the request: the digest itself, or a chunk that depends on it.
    class replies {
    public:
        explicit replies(const params& values)
            : size_(values[direction] == up ? short_bytes
                                            : static_cast<std::size_t>(values[chunk_bytes])) {
            if (values[direction] != up) {
                noise_.resize(size_ + period);
                kernels::fill(noise_, seed_down);
            }
        }
        /// Valid until the next call.
        bytes_view to(std::uint64_t digest) {
            if (noise_.empty()) {
                frame::store_u64(acknowledgement_, digest);
                return acknowledgement_;
            }
            return bytes_view(noise_).subspan(digest % period, size_);
        }
        std::size_t size() const { return size_; }

    private:
        std::size_t size_;
        std::vector<std::byte> noise_;
        std::byte acknowledgement_[short_bytes];
    };

public:
    template <runtime Runtime>
    static auto session(Runtime&, typename Runtime::stream peer, const params& values,
                        counters& counts) -> typename Runtime::template task<void> {
        const std::size_t request_size = request_bytes(values);
        replies answers(values);
        chunk_digest digest;
        std::size_t missing = request_size;
        for (;;) {
            auto [failed, bytes] = co_await peer.receive();
            bytes_view rest = bytes;
            if (failed || rest.empty()) {
                counts.errors += failed ? 1 : 0;
                co_return;
            }
            counts.bytes_received += rest.size();
            while (!rest.empty()) {
                const bytes_view part = rest.first(std::min(missing, rest.size()));
                digest.add(part);
                rest = rest.subspan(part.size());
                missing -= part.size();
                if (missing != 0) {
                    break;
                }
                missing = request_size;
                const bytes_view reply = answers.to(digest.finish());
                if (auto [refused] = co_await peer.send(reply); refused) {
                    ++counts.errors;
                    co_return;
                }
                ++counts.requests;
                counts.bytes_sent += reply.size();
            }
        }
    }

    class exchange {
    public:
        explicit exchange(const params& values)
            : request_size_(request_bytes(values)), replies_(values) {
            noise_.resize(request_size_ + period);
            kernels::fill(noise_, seed_up);
            for (std::size_t i = 0; i < period; ++i) {
                chunk_digest digest;
                digest.add(request(i));
                const bytes_view reply = replies_.to(digest.finish());
                expected_.insert(expected_.end(), reply.begin(), reply.end());
            }
        }
        void append_request(std::uint64_t sequence, std::vector<std::byte>& out) const {
            const bytes_view bytes = request(sequence);
            out.insert(out.end(), bytes.begin(), bytes.end());
        }
        std::size_t reply_length(std::uint64_t, bytes_view bytes) const {
            return bytes.size() < replies_.size() ? 0 : replies_.size();
        }
        bool is_right(std::uint64_t sequence, bytes_view reply) const {
            const std::size_t at = sequence % period * replies_.size();
            return std::memcmp(reply.data(), expected_.data() + at, replies_.size()) == 0;
        }

    private:
        bytes_view request(std::uint64_t sequence) const {
            return bytes_view(noise_).subspan(sequence % period, request_size_);
        }

        std::size_t request_size_;
        replies replies_;
        std::vector<std::byte> noise_;
        std::vector<std::byte> expected_;  // the replies to `period` requests
    };

    static double ceiling_per_s(const params&, std::int64_t, std::int64_t) { return no_ceiling; }
};

}  // namespace regatta::workloads
