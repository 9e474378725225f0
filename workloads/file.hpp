#pragma once

#include "runtimes/runtime.hpp"
#include "workloads/frame.hpp"
#include "workloads/request_reply.hpp"
#include "workloads/support/served_file.hpp"

namespace regatta::workloads {

/// Reads a piece of a file and sends it. The file is in the page cache, so the system call does not
/// wait for a disk, but it blocks as any read of a file does: no loop can wait for a regular file
/// with epoll. Every runtime therefore reads by `offload`, on a pool of threads; `thread` in place.
struct file {
    static constexpr std::string_view name = "file";
    static constexpr std::string_view about = "reads read_bytes of a cached file and sends them";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { read_bytes };
    static constexpr parameter parameters[] = {
        {"read_bytes", "bytes", 4096, 1, 1 << 20, "length of one read"},
    };

    /// What the sessions of a worker share.
    template <full_runtime Runtime>
    struct shared {
        served_file source;
        shared(Runtime&, const params&) {}
    };

    template <full_runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
                        counters& counts, shared<Runtime>& state) ->
        typename Runtime::template task<void> {
        frame::splitter frames;
        std::vector<std::byte> reply(frame::header_bytes +
                                     static_cast<std::size_t>(values[read_bytes]));
        frame::store_u32(reply.data(), static_cast<std::uint32_t>(values[read_bytes]));
        const std::span<std::byte> payload = std::span(reply).subspan(frame::header_bytes);
        while (!frames.is_malformed()) {
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
                const std::uint64_t offset =
                    served_file::offset_of(frame::load_u64(request.data()), payload.size());
                auto [stopped, was_read] = co_await runtime.offload(
                    [&state, offset, payload] { return state.source.read(offset, payload); });
                if (stopped || !*was_read) {
                    counts.errors += stopped ? 0 : 1;
                    co_return;
                }
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
        explicit exchange(const params& values)
            : size_(static_cast<std::size_t>(values[read_bytes])),
              content_(served_file::content()) {}

        void append_request(std::uint64_t sequence, std::vector<std::byte>& out) const {
            const auto request = request_reply::make_message(nonce(sequence));
            out.insert(out.end(), request.begin(), request.end());
        }
        std::size_t reply_length(std::uint64_t, bytes_view bytes) const {
            return frame::length(bytes);
        }
        bool is_right(std::uint64_t sequence, bytes_view reply) const {
            const auto expected =
                bytes_view(content_).subspan(served_file::offset_of(nonce(sequence), size_), size_);
            return reply.size() == frame::header_bytes + size_ &&
                   std::memcmp(reply.data() + frame::header_bytes, expected.data(), size_) == 0;
        }

    private:
        static std::uint64_t nonce(std::uint64_t sequence) {
            return (sequence + 1) * 0x9e3779b97f4a7c15ULL;
        }

        std::size_t size_;
        std::vector<std::byte> content_;
    };

    static double ceiling_per_s(const params&, std::int64_t, std::int64_t) { return no_ceiling; }
};

}  // namespace regatta::workloads
