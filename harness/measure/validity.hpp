#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/measure/open_loop.hpp"
#include "workloads/workload.hpp"

namespace regatta {

/// What the generator counted over the whole life of its connections.
struct client_counts {
    std::uint64_t connections = 0;
    std::uint64_t requests = 0;
    std::uint64_t replies = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::map<std::string, std::uint64_t> errors;  ///< by kind

    std::uint64_t error_count() const;
};

/// The replies that a workload sets apart.
struct apart_evidence {
    std::string which;  ///< "refused"
    std::uint64_t count = 0;
    std::uint64_t replies = 0;  ///< these among them
    apart_range expected;
};

/// All that is needed to judge a server trial.
struct trial_evidence {
    client_counts client;
    std::optional<counters> server;  ///< nothing: it does not tell
    double window_s = 0;
    std::uint64_t replies_measured = 0;
    double latency_s_mean = 0;
    double mean_in_flight = 0;
    double cut_in_flight = 0;  ///< harness/load/README.md
    std::int64_t connections = 1;
    double ceiling_per_s = no_ceiling;
    std::int64_t replies_at_edges = 1;        ///< of all connections, beyond the ceiling
    double generator_cpu_share = 0;           ///< of the CPUs that its threads can use
    std::optional<double> server_cpu_share;   ///< of all its CPUs
    double generator_wait_share = 0;          ///< of the same: ready, while others had the CPU
    double server_wait_share = 0;             ///< of all its CPUs, in the same way
    std::optional<double> foreign_cpu_share;  ///< of the trial's CPUs
    std::optional<double> steal_share;        ///< the same
    bool refuses_busy_machine = false;        ///< what others took is a reason, else a warning
    bool shares_cpu = false;                  ///< server and generator
    std::optional<open_loop_evidence> open;   ///< nothing: a closed loop
    std::optional<apart_evidence> apart;      ///< nothing: no number is expected
};

struct verdict {
    std::vector<std::string> reasons;  ///< why the figures must not be used; empty: valid
    /// Whether the reasons may be the moment's and not the program's: worth another trial.
    bool is_transient = false;
    bool is_machine_busy = false;       ///< whether that is among the reasons
    std::vector<std::string> warnings;  ///< what their reader should know
    /// Who was the bottleneck (results/FORMAT.md); nothing only where the server's CPU time is not
    /// known.
    std::optional<std::string> saturation;
};

/// The gates of a server trial (harness/README.md lists them).
verdict judge(const trial_evidence& evidence);

/// What other programs (above 10 %) and the hypervisor (above 2 %) took of the trial's CPUs, in
/// sentences; none on a quiet machine.
std::vector<std::string> disturbances(std::optional<double> foreign_cpu_share,
                                      std::optional<double> steal_share);

/// The same as reasons why a trial is invalid: each says what to do about it.
std::vector<std::string> refusals_of(const std::vector<std::string>& disturbances);

}  // namespace regatta
