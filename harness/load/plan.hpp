#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/load/schedule.hpp"
#include "workloads/workload.hpp"

namespace regatta::load {

/// What the generator is asked to do: one line of JSON, described in harness/load/README.md.
struct load_plan {
    std::string workload;
    params values;
    std::string address = "127.0.0.1";  ///< numeric, IPv4 or IPv6, or unix:@NAME
    std::uint16_t port = 0;
    std::uint32_t connections = 1;
    std::uint32_t depth = 1;           ///< requests in flight on each connection, at most
    std::string mode = "closed";       ///< "closed" or "open"
    std::string arrivals = "poisson";  ///< open loop: "poisson" or "constant"
    std::vector<rate_step> steps;      ///< open loop: the rates, over and over again
    std::uint64_t spin_ns = 0;         ///< open loop: how long before a send it stops to sleep
    std::string engine = "io_uring";   ///< "io_uring" or "epoll"
    unsigned threads = 1;              ///< that load, each with its share of the connections
    /// A load on several ranks: this process has every `ranks`-th connection, from `rank` on, and
    /// makes the requests of the schedule whose turn falls on one of them.
    unsigned rank = 0;
    unsigned ranks = 1;
    std::vector<std::string> source_addresses;  ///< to connect from; empty: the system chooses
    std::uint64_t slow_ns_per_request = 0;      ///< for tests of the verdict on a slow generator
    std::uint64_t warmup_ns = 0;
    std::uint64_t measure_ns = 1'000'000'000;
    std::uint64_t drain_ns = 2'000'000'000;
    std::uint64_t connect_ns = 5'000'000'000;
    std::uint64_t interval_ns = 100'000'000;
    std::vector<int> cpus;            ///< where the generator may run; empty: anywhere
    std::optional<pid_t> server_pid;  ///< whose CPU time is read
    std::uint64_t seed = 0;
};

/// Reads a plan. Throws failure (usage) for what is not one.
load_plan parse_plan(const std::string& line);

}  // namespace regatta::load
