#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "workloads/support/received_bytes.hpp"

/// What a workload is. See workloads/README.md for how to add one.
namespace regatta {

using bytes_view = std::span<const std::byte>;

/// One parameter of a workload or of a runtime. Values are whole numbers; the unit stands last in
/// the name (`delay_us`). A parameter with `choices` takes one of these words; its value is the
/// word's index.
struct parameter {
    std::string_view name;
    std::string_view unit;  ///< "bytes", "us", "blocks", ... or "" for a plain count
    std::int64_t fallback;  ///< the value where none is given
    std::int64_t minimum;
    std::int64_t maximum;
    std::string_view about;
    std::span<const std::string_view> choices = {};
};

/// The values of one workload's parameters, in the order in which the workload declares them.
/// Lives as long as the server (or the generator) does: sessions hold a reference to it.
struct params {
    static constexpr std::size_t capacity = 8;
    std::array<std::int64_t, capacity> values{};
    /// Rounds of `kernels::burn` that take one microsecond of CPU on this machine. The harness
    /// measures it once a run and gives the same figure to every runtime, so that all do equal
    /// work.
    std::int64_t rounds_per_us = 1;
    /// Port on 127.0.0.1 of the backend, for a workload that declares one.
    std::uint16_t backend_port = 0;

    constexpr std::int64_t operator[](std::size_t index) const { return values[index]; }
};

/// What the server side counts. Each session counts for itself; sums are formed when it ends.
struct counters {
    std::uint64_t accepted = 0;
    std::uint64_t requests = 0;
    received_bytes bytes_received;
    std::uint64_t bytes_sent = 0;
    std::uint64_t errors = 0;  ///< sessions that ended by an I/O or protocol error
    /// Work that had begun and was cancelled before its end; its request was answered all the same.
    std::uint64_t cancelled = 0;

    counters& operator+=(const counters& other) {
        accepted += other.accepted;
        requests += other.requests;
        bytes_received = bytes_received + other.bytes_received;  // nothing was received here
        bytes_sent += other.bytes_sent;
        errors += other.errors;
        cancelled += other.cancelled;
        return *this;
    }
};

/// How a workload is exercised.
enum class workload_kind {
    server,  ///< over the network: a session in the runtime, an exchange in the generator
    job,     ///< inside the runtime's process: a task on each worker, timed there
};

/// Which part of a job one worker does: part `index` of `count`.
struct shard {
    unsigned index;
    unsigned count;
};

/// How many tasks an iteration of a job created, and the most that lived at once; or how many it
/// must create, and the least that must live at once.
struct unit_count {
    std::uint64_t created;
    std::uint64_t live_peak;
};

inline constexpr double no_ceiling = std::numeric_limits<double>::infinity();

/// How the generator uses the connections of a server workload. The defaults: any number of
/// requests, each answered by one reply on its own connection.
struct load_shape {
    /// After so many replies the server closes the connection, and the generator connects anew,
    /// which is part of the next request's time. 0: connections stay open.
    std::uint64_t requests_per_connection = 0;
    /// Connections that are open beside the loaded ones. Before the load begins each makes request
    /// 0 and gets its reply, so that the server has accepted it; then it sends nothing.
    std::int64_t idle_connections = 0;
    /// Each connection joins by a first request with a reply of its own. After that each request
    /// goes out on the first connection, and every connection gets a message for it: its reply,
    /// though it has not asked for anything.
    bool is_broadcast = false;
};

/// The shape that `Workload` declares by a function `load(values)`, or the usual one.
template <class Workload>
constexpr load_shape load_shape_of(const params& values) {
    if constexpr (requires { Workload::load(values); }) {
        return Workload::load(values);
    } else {
        return {};
    }
}

/// Whether `Workload` needs a backend: it then declares the workload that the backend serves as its
/// type `backend`, and that one's parameters by a function `backend_values(values)`.
template <class Workload>
concept has_backend = requires(const params& values) {
    typename Workload::backend;
    { Workload::backend_values(values) } -> std::same_as<params>;
};

/// Whether `Exchange` sets some replies apart, whose latency says nothing of the others': by
/// `is_set_apart(sequence, reply)`. The workload says which by its text `set_apart`.
template <class Exchange>
concept sets_apart = requires(const Exchange& client, std::uint64_t sequence, bytes_view reply) {
    { client.is_set_apart(sequence, reply) } -> std::same_as<bool>;
};

/// A window as the generator saw it.
struct window_figures {
    std::int64_t connections;
    std::int64_t workers;
    double window_s;
    double replies;
};

/// How many of its replies may be among those set apart, at least and at most.
struct apart_range {
    double least;
    double most;
};

/// Whether `Workload` knows how many replies of a window it sets apart on a sound server. Where it
/// does not, each reply tells by itself whether it belongs there.
template <class Workload>
concept expects_apart = requires(const params& values, const window_figures& window) {
    { Workload::apart_of(values, window) } -> std::same_as<apart_range>;
};

template <class... Workloads>
struct workload_list {};

/// Calls `function.template operator()<W>()` for each workload of the list.
template <class... Workloads, class Function>
constexpr void for_each_workload(workload_list<Workloads...>, Function&& function) {
    (function.template operator()<Workloads>(), ...);
}

/// The client half of a server workload: plain functions without state of a connection.
template <class Exchange>
concept exchange = requires(const Exchange& client, std::uint64_t sequence,
                            std::vector<std::byte>& out, bytes_view bytes, const params& values) {
    Exchange(values);
    /// Appends the bytes of request number `sequence`: in each connection counted from a number of
    /// its own, and on where it is opened anew.
    {client.append_request(sequence, out)};
    /// The length of the reply that stands at the front of `bytes`, or 0 while it is incomplete.
    { client.reply_length(sequence, bytes) } -> std::same_as<std::size_t>;
    /// Whether `bytes`, one whole reply, is the right answer to request `sequence`.
    { client.is_right(sequence, bytes) } -> std::same_as<bool>;
};

}  // namespace regatta
