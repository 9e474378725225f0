#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace regatta::audit {

enum class server_kind {
    fixed,   ///< answers after `delay_ns`, any number of requests at once
    freeze,  ///< the same, and does nothing at all for `freeze_ns` of every `period_ns`
    mm1,     ///< one queue, first come first served; exponential service times
};

/// A server whose response times follow from its rule, not from a measurement.
struct server_model {
    server_kind kind = server_kind::fixed;
    std::uint64_t delay_ns = 500'000;          ///< fixed and freeze
    std::uint64_t freeze_ns = 1'000'000'000;   ///< freeze
    std::uint64_t period_ns = 10'000'000'000;  ///< freeze
    std::uint64_t service_ns_mean = 0;         ///< mm1
    std::uint64_t seed = 0;                    ///< mm1: of the service times
};

/// "fixed", "freeze", "mm1".
std::string name_of(server_kind kind);
/// Throws `failure` for another name.
server_kind server_kind_named(const std::string& name);
std::vector<std::string> server_kind_names();

/// "0.5 ms delay, frozen 1 s in every 10 s".
std::string describe(const server_model& model);

nlohmann::json to_json(const server_model& model);
/// Reads what to_json wrote. Throws `failure` or nlohmann::json::exception for anything else.
server_model server_model_from_json(const nlohmann::json& object);

/// When a server that follows a model answers. Times are ns of one clock.
class reply_times {
public:
    /// The server begins to serve at `begin_ns`. A freeze stands in the middle of its period, so
    /// that a load that begins soon after the server, and takes whole periods, cuts none in two.
    reply_times(const server_model& model, std::uint64_t begin_ns);

    /// When the request that is read at `arrival_ns` is answered; arrivals never decrease, and so
    /// the results do not.
    std::uint64_t due_ns(std::uint64_t arrival_ns);

    /// The end of the freeze that `now_ns` is in; nothing when it is in none.
    std::optional<std::uint64_t> thaw_ns(std::uint64_t now_ns) const;

private:
    std::uint64_t service_ns();

    server_model model_;
    std::uint64_t begin_ns_;
    std::uint64_t free_ns_ = 0;  // mm1: when the queue is empty
    // From the complement of the seed: the arrivals come from the seed itself, and would else be
    // the same numbers.
    std::mt19937_64 random_;
};

}  // namespace regatta::audit
