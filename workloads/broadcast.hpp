#pragma once

#include <cerrno>
#include <cstring>
#include <memory>

#include "runtimes/with_task_group.hpp"
#include "workloads/frame.hpp"
#include "workloads/kernels.hpp"
#include "workloads/support/audience.hpp"

namespace regatta::workloads {

/// A message to everybody: what one client sends, every connection gets, its sender included, once
/// it has joined. The writer of a connection is a task of its own, fed by a queue of bounded
/// length: a client that does not read holds the senders up, and takes no memory.
struct broadcast {
    static constexpr std::string_view name = "broadcast";
    static constexpr std::string_view about = "sends each message of size bytes to all connections";
    static constexpr workload_kind kind = workload_kind::server;
    /// Workers share nothing, so one of them has to know all connections.
    static constexpr std::int64_t workers_max = 1;

    enum : std::size_t { size };
    static constexpr parameter parameters[] = {
        {"size", "bytes", 64, 1, 1 << 20, "length of a message's payload"},
    };

    static load_shape load(const params&) { return {.is_broadcast = true}; }

    template <full_runtime Runtime>
    using shared = audience<Runtime>;

    /// Sends what comes out of `own` queue until it is closed and empty.
    template <full_runtime Runtime>
    static auto deliver(typename Runtime::stream& peer, member<Runtime>& own, counters& sent) ->
        typename Runtime::template task<outcome> {
        for (;;) {
            auto [stopped, message] = co_await own.queue.receive();
            if (stopped || !message) {
                co_return outcome{stopped};
            }
            const bytes_view bytes(**message);
            if (auto [failed] = co_await peer.send(bytes); failed) {
                co_return outcome{failed};
            }
            ++sent.requests;
            sent.bytes_sent += bytes.size();
        }
    }

    template <full_runtime Runtime>
    using shared_member = std::shared_ptr<member<Runtime>>;

    /// Hands what comes from the client to every queue, until it closes; its first frame, by which
    /// it joins, only to its own.
    template <full_runtime Runtime>
    static auto take(typename Runtime::stream& peer, audience<Runtime>& all,
                     shared_member<Runtime> own, counters& counts) ->
        typename Runtime::template task<outcome> {
        frame::splitter frames;
        typename audience<Runtime>::snapshot receivers;
        while (!frames.is_malformed()) {
            auto [failed, bytes] = co_await peer.receive();
            if (failed || bytes.empty()) {
                co_return outcome{failed};
            }
            counts.bytes_received += bytes.size();
            frames.feed(bytes);
            for (bytes_view payload; frames.next(payload);) {
                const auto message = frame_of(payload);
                receivers = receivers ? all.everybody() : all.join(own);
                for (const auto& each : *receivers) {
                    const auto [stopped] = co_await each->queue.send(message);
                    if (stopped && stopped.value() != EPIPE) {
                        co_return outcome{stopped};
                    }
                }
            }
        }
        co_return outcome{io_error(EPROTO)};
    }

    template <full_runtime Runtime>
    static auto take_part(typename Runtime::stream& peer, audience<Runtime>& all,
                          shared_member<Runtime> own, counters& counts, counters& sent,
                          typename Runtime::task_group& group) ->
        typename Runtime::template task<outcome> {
        group.spawn(deliver<Runtime>(peer, *own, sent));
        const outcome ended = co_await take<Runtime>(peer, all, own, counts);
        all.leave(*own);
        co_return ended;
    }

    template <full_runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params&,
                        counters& counts, audience<Runtime>& all) ->
        typename Runtime::template task<void> {
        const shared_member<Runtime> own = std::make_shared<member<Runtime>>(runtime);
        counters sent;  // the writer may be another thread
        const auto [failed] =
            co_await with_task_group(runtime, [&](typename Runtime::task_group& group) {
                return take_part<Runtime>(peer, all, own, counts, sent, group);
            });
        counts.errors += failed && failed.value() != ECANCELED ? 1 : 0;
        counts += sent;
    }

    class exchange {
    public:
        explicit exchange(const params& values) : size_(static_cast<std::size_t>(values[size])) {
            noise_.resize(size_ + period);
            kernels::fill(noise_, 0xb0a7);
        }
        void append_request(std::uint64_t sequence, std::vector<std::byte>& out) const {
            std::byte header[frame::header_bytes];
            frame::store_u32(header, static_cast<std::uint32_t>(size_));
            out.insert(out.end(), std::begin(header), std::end(header));
            const auto payload = window(sequence);
            out.insert(out.end(), payload.begin(), payload.end());
        }
        std::size_t reply_length(std::uint64_t, bytes_view bytes) const {
            return frame::length(bytes);
        }
        bool is_right(std::uint64_t sequence, bytes_view reply) const {
            return reply.size() == frame::header_bytes + size_ &&
                   std::memcmp(reply.data() + frame::header_bytes, window(sequence).data(),
                               size_) == 0;
        }

    private:
        static constexpr std::size_t period = 61;
        bytes_view window(std::uint64_t sequence) const {
            return bytes_view(noise_).subspan(sequence % period, size_);
        }

        std::size_t size_;
        std::vector<std::byte> noise_;
    };

    static double ceiling_per_s(const params&, std::int64_t, std::int64_t) { return no_ceiling; }

private:
    static std::shared_ptr<const std::vector<std::byte>> frame_of(bytes_view payload) {
        auto whole = std::make_shared<std::vector<std::byte>>(frame::header_bytes + payload.size());
        frame::store_u32(whole->data(), static_cast<std::uint32_t>(payload.size()));
        std::memcpy(whole->data() + frame::header_bytes, payload.data(), payload.size());
        return whole;
    }
};

}  // namespace regatta::workloads
