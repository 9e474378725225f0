#pragma once

#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "workloads/workload.hpp"

namespace regatta::load {

/// The client half of one workload (its `exchange`), behind a table of functions so that the
/// generator is compiled once and not once a workload. All threads of a load share one.
class client_protocol {
public:
    client_protocol() = default;
    client_protocol(const client_protocol&) = delete;
    client_protocol& operator=(const client_protocol&) = delete;
    virtual ~client_protocol() = default;

    /// Appends the bytes of request `sequence` (counted from 0 in each connection).
    virtual void append_request(std::uint64_t sequence, std::vector<std::byte>& out) const = 0;
    /// The length of the reply at the front of `bytes`, or 0 while it is incomplete.
    virtual std::size_t reply_length(std::uint64_t sequence, bytes_view bytes) const = 0;
    /// Whether `reply`, one whole reply, is the right answer to request `sequence`.
    virtual bool is_right(std::uint64_t sequence, bytes_view reply) const = 0;
    /// Whether the workload sets replies apart, and whether this is one of them.
    virtual bool sets_apart() const = 0;
    virtual bool is_set_apart(std::uint64_t sequence, bytes_view reply) const = 0;
    /// How the connections are used.
    virtual load_shape shape() const = 0;
};

/// The values of the parameters of `workload` from `object` (name to number, or to the word where
/// the parameter has choices); a missing one has its fallback. Throws failure for a workload that
/// does not exist or is a job, an unknown parameter, a value out of range.
params parse_params(const std::string& workload, const nlohmann::json& object,
                    std::int64_t rounds_per_us);

/// The client half of `workload`, which parse_params() has accepted.
std::unique_ptr<client_protocol> make_client_protocol(const std::string& workload,
                                                      const params& values);

/// `protocol`, but each request takes the generator's CPU at least `ns_per_request` to make.
std::unique_ptr<client_protocol> make_slow(std::unique_ptr<client_protocol> protocol,
                                           std::uint64_t ns_per_request);

}  // namespace regatta::load
