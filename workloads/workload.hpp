#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

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

    constexpr std::int64_t operator[](std::size_t index) const { return values[index]; }
};

/// What the server side counts. Each session counts for itself; sums are formed when it ends.
struct counters {
    std::uint64_t accepted = 0;
    std::uint64_t requests = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t errors = 0;  ///< sessions that ended by an I/O or protocol error

    counters& operator+=(const counters& other) {
        accepted += other.accepted;
        requests += other.requests;
        bytes_received += other.bytes_received;
        bytes_sent += other.bytes_sent;
        errors += other.errors;
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

inline constexpr double no_ceiling = std::numeric_limits<double>::infinity();

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
    /// Appends the bytes of request number `sequence` (counted from 0 in each connection).
    {client.append_request(sequence, out)};
    /// The length of the reply that stands at the front of `bytes`, or 0 while it is incomplete.
    { client.reply_length(sequence, bytes) } -> std::same_as<std::size_t>;
    /// Whether `bytes`, one whole reply, is the right answer to request `sequence`.
    { client.is_right(sequence, bytes) } -> std::same_as<bool>;
};

}  // namespace regatta
