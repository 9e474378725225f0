#pragma once

#include <cstring>

#include "runtimes/runtime.hpp"
#include "workloads/frame.hpp"
#include "workloads/kernels.hpp"
#include "workloads/workload.hpp"

namespace regatta::workloads {

/// A remote call: the request is read into one buffer, the reply computed from all of it into
/// another. What it costs beyond `echo` is cutting frames and touching each byte.
struct rpc {
    static constexpr std::string_view name = "rpc";
    static constexpr std::string_view about = "takes a frame, answers with its bytes inverted";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { size };
    static constexpr parameter parameters[] = {
        {"size", "bytes", 1024, 1, 1 << 20, "length of the payload, each way"},
    };

    template <runtime Runtime>
    static auto session(Runtime&, typename Runtime::stream peer, const params&, counters& counts) ->
        typename Runtime::template task<void> {
        frame::splitter frames;
        std::vector<std::byte> reply;
        while (!frames.is_malformed()) {
            auto [failed, bytes] = co_await peer.receive();
            if (failed || bytes.empty()) {
                counts.errors += failed ? 1 : 0;
                co_return;
            }
            counts.bytes_received += bytes.size();
            frames.feed(bytes);
            for (bytes_view request; frames.next(request);) {
                answer(request, reply);
                if (auto [refused] = co_await peer.send(reply); refused) {
                    ++counts.errors;
                    co_return;
                }
                ++counts.requests;
                counts.bytes_sent += reply.size();
            }
        }
        ++counts.errors;
    }

    class exchange {
    public:
        explicit exchange(const params& values) : size_(static_cast<std::size_t>(values[size])) {
            // As in `echo`: a window into noise that moves with the sequence number.
            noise_.resize(size_ + period);
            kernels::fill(noise_, 0x7c0de);
            inverted_.resize(noise_.size());
            kernels::invert(noise_, inverted_);
        }

        void append_request(std::uint64_t sequence, std::vector<std::byte>& out) const {
            std::byte header[frame::header_bytes];
            frame::store_u32(header, static_cast<std::uint32_t>(size_));
            out.insert(out.end(), std::begin(header), std::end(header));
            const auto payload = window(noise_, sequence);
            out.insert(out.end(), payload.begin(), payload.end());
        }
        std::size_t reply_length(std::uint64_t, bytes_view bytes) const {
            return frame::length(bytes);
        }
        bool is_right(std::uint64_t sequence, bytes_view reply) const {
            return reply.size() == frame::header_bytes + size_ &&
                   std::memcmp(reply.data() + frame::header_bytes,
                               window(inverted_, sequence).data(), size_) == 0;
        }

    private:
        static constexpr std::size_t period = 61;

        bytes_view window(const std::vector<std::byte>& bytes, std::uint64_t sequence) const {
            return bytes_view(bytes).subspan(sequence % period, size_);
        }

        std::size_t size_;
        std::vector<std::byte> noise_;
        std::vector<std::byte> inverted_;
    };

    static double ceiling_per_s(const params&, std::int64_t, std::int64_t) { return no_ceiling; }

private:
    static void answer(bytes_view request, std::vector<std::byte>& reply) {
        reply.resize(frame::header_bytes + request.size());
        frame::store_u32(reply.data(), static_cast<std::uint32_t>(request.size()));
        kernels::invert(request, std::span(reply).subspan(frame::header_bytes));
    }
};

}  // namespace regatta::workloads
