#pragma once

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "runtimes/with_task_group.hpp"
#include "workloads/frame.hpp"
#include "workloads/overload.hpp"
#include "workloads/rpc.hpp"

namespace regatta::workloads {

/// A service like that of `overload` whose queue lives in the server: each session reads requests
/// as they come, whole, and they wait there, in one queue a connection, for a writer that serves
/// them one after the other. Without a bound the requests that wait fill the memory; else those
/// that find `queue` waiting are dropped at once, and refused when their turn comes.
struct backlog {
    static constexpr std::string_view name = "backlog";
    static constexpr std::string_view about =
        "requests of size bytes are read as they come and wait in the server, or are refused";
    static constexpr std::string_view set_apart = "refused";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t {
        policy = overload::policy,
        slots = overload::slots,
        service_us = overload::service_us,
        queue = overload::queue,
        size
    };
    static constexpr parameter parameters[] = {
        overload::parameters[policy],
        overload::parameters[slots],
        overload::parameters[service_us],
        overload::parameters[queue],
        {"size", "bytes", 1024, 1, 1 << 20, "length of a request's payload, and of its reply's"},
    };

    /// What the sessions of a worker share.
    template <full_runtime Runtime>
    using shared = overload::shared<Runtime>;

    /// A request that waits: its whole frame, or nothing where it is refused, and at the end of
    /// all.
    struct entry {
        std::vector<std::byte> frame;
        bool is_refused = false;
    };

    /// The requests of one connection that wait, without bound; a reader puts, a writer takes.
    template <full_runtime Runtime>
    class waiting_line {
    public:
        explicit waiting_line(Runtime& runtime) : filled(runtime, 0) {}

        /// A permit for each entry.
        typename Runtime::semaphore filled;

        void put(entry last) {
            {
                const std::lock_guard lock(mutex_);  // of threads; nobody waits while he holds it
                entries_.push_back(std::move(last));
            }
            filled.release();
        }
        /// The oldest, for whom holds its permit.
        entry take() {
            const std::lock_guard lock(mutex_);
            entry first = std::move(entries_.front());
            entries_.pop_front();
            return first;
        }
        /// Takes what nobody will serve: how many of them have a place.
        std::int64_t drop() {
            std::int64_t places = 0;
            for (const entry& each : entries_) {
                places += each.frame.empty() ? 0 : 1;
            }
            entries_.clear();
            return places;
        }

    private:
        std::mutex mutex_;
        std::deque<entry> entries_;
    };

    template <full_runtime Runtime>
    struct conversation {
        Runtime& runtime;
        typename Runtime::stream& peer;
        const params& values;
        shared<Runtime>& state;
        waiting_line<Runtime>& line;
    };

    /// Serves and answers what waits, until the end or the first failure.
    template <full_runtime Runtime>
    static auto serve(conversation<Runtime>& own, counters& sent) ->
        typename Runtime::template task<outcome> {
        for (;;) {
            if (auto [stopped] = co_await own.line.filled.acquire(); stopped) {
                co_return outcome{stopped};
            }
            entry next = own.line.take();
            if (next.frame.empty() && !next.is_refused) {
                co_return outcome{};
            }
            if (!next.is_refused) {
                auto [stopped] = co_await own.state.permits.acquire();
                if (!stopped) {
                    const auto [cut] = co_await own.runtime.sleep_for(
                        std::chrono::microseconds(own.values[service_us]));
                    own.state.permits.release();
                    stopped = cut;
                }
                own.state.leave();
                if (stopped) {
                    co_return outcome{stopped};
                }
            }
            make_reply(next);
            if (auto [failed] = co_await own.peer.send(next.frame); failed) {
                co_return outcome{failed};
            }
            ++sent.requests;
            sent.bytes_sent += next.frame.size();
        }
    }

    /// Reads requests, whether or not those before them are done.
    template <full_runtime Runtime>
    static auto take(conversation<Runtime>& own, counters& counts) ->
        typename Runtime::template task<outcome> {
        frame::splitter frames;
        while (!frames.is_malformed()) {
            auto [failed, bytes] = co_await own.peer.receive();
            if (failed || bytes.empty()) {
                co_return outcome{failed};
            }
            counts.bytes_received += bytes.size();
            frames.feed(bytes);
            for (bytes_view payload; frames.next(payload);) {
                const bool has_place = own.state.enter(own.values);
                own.line.put(has_place ? entry{frame_of(payload)} : entry{{}, true});
            }
        }
        co_return outcome{io_error(EPROTO)};
    }

    template <full_runtime Runtime>
    static auto converse(conversation<Runtime>& own, counters& counts, counters& sent,
                         typename Runtime::task_group& group) ->
        typename Runtime::template task<outcome> {
        group.spawn(serve<Runtime>(own, sent));
        const outcome ended = co_await take<Runtime>(own, counts);
        own.line.put({});
        co_return ended;
    }

    template <full_runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
                        counters& counts, shared<Runtime>& state) ->
        typename Runtime::template task<void> {
        const auto line = std::make_unique<waiting_line<Runtime>>(runtime);
        conversation<Runtime> own{runtime, peer, values, state, *line};
        counters sent;  // the writer may be another thread
        const auto [failed] =
            co_await with_task_group(runtime, [&](typename Runtime::task_group& group) {
                return converse<Runtime>(own, counts, sent, group);
            });
        for (std::int64_t left = line->drop(); left > 0; --left) {
            state.leave();
        }
        counts.errors += failed && failed.value() != ECANCELED ? 1 : 0;
        counts += sent;
    }

    /// That of `rpc`, and an empty frame for a refusal.
    class exchange {
    public:
        explicit exchange(const params& values)
            : calls_(rpc_values(values)), may_refuse_(values[policy] == overload::shed) {}
        void append_request(std::uint64_t sequence, std::vector<std::byte>& out) const {
            calls_.append_request(sequence, out);
        }
        std::size_t reply_length(std::uint64_t sequence, bytes_view bytes) const {
            return calls_.reply_length(sequence, bytes);
        }
        bool is_right(std::uint64_t sequence, bytes_view reply) const {
            return is_set_apart(sequence, reply) ? may_refuse_ : calls_.is_right(sequence, reply);
        }
        bool is_set_apart(std::uint64_t, bytes_view reply) const {
            return reply.size() == frame::header_bytes;
        }

    private:
        static params rpc_values(const params& values) {
            params of_rpc;
            of_rpc.values[rpc::size] = values[size];
            return of_rpc;
        }

        rpc::exchange calls_;
        bool may_refuse_;
    };

    /// Refusals come at any rate. Else each connection has one request in service at a time.
    static double ceiling_per_s(const params& values, std::int64_t connections,
                                std::int64_t workers) {
        return values[policy] == overload::shed
                   ? no_ceiling
                   : overload::done_per_s(values, connections, workers);
    }

private:
    static std::vector<std::byte> frame_of(bytes_view payload) {
        std::vector<std::byte> whole(frame::header_bytes + payload.size());
        frame::store_u32(whole.data(), static_cast<std::uint32_t>(payload.size()));
        std::memcpy(whole.data() + frame::header_bytes, payload.data(), payload.size());
        return whole;
    }
    /// In place: the payload inverted, or an empty frame.
    static void make_reply(entry& of) {
        of.frame.resize(std::max(of.frame.size(), frame::header_bytes));
        const auto payload = std::span(of.frame).subspan(frame::header_bytes);
        kernels::invert(payload, payload);
    }
};

}  // namespace regatta::workloads
