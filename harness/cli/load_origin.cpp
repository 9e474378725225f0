#include "harness/cli/load_origin.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/cli/verb.hpp"
#include "harness/distributed/hosts.hpp"
#include "harness/failure.hpp"
#include "harness/load/failure.hpp"
#include "harness/load/source_addresses.hpp"
#include "harness/measure/connection_budget.hpp"
#include "harness/measure/local_ports.hpp"
#include "harness/plan/split.hpp"

namespace regatta::cli {
namespace {

// Stands for an address that is not this machine's, where nothing else is known (RFC 5737).
constexpr const char* any_other_host = "192.0.2.1";

std::string address_of(const load_origin& origin) {
    return origin.server_address.empty() ? "127.0.0.1" : origin.server_address;
}

std::vector<std::string> listed_sources(const load_origin& origin) {
    return origin.source_addresses.empty() ? std::vector<std::string>()
                                           : split(origin.source_addresses, ',');
}

std::uint64_t sources_of(const std::string& server, const std::vector<std::string>& listed,
                         std::uint64_t connections) {
    try {
        return load::source_count(load::parse_endpoint(server, 0), listed, connections);
    } catch (const load::failure& error) {
        throw usage_failure(fmt::format("{}: {}", error.what(), error.hint()));
    }
}

std::int64_t connections_of(const benchmark& arm) {
    return arm.connections + arm.workload->load(arm.values).idle_connections;
}

void refuse_ranks_and_hosts(const load_origin& origin) {
    if (origin.ranks != 0 && !origin.hosts.empty()) {
        throw usage_failure("give --ranks or --hosts: a hosts file says itself how many on each");
    }
}

void use_hosts(const load_origin& origin, const std::filesystem::path& generator,
               load_ranks& ranks) {
    const auto hosts = distributed::read_hosts(origin.hosts);
    ranks.count = distributed::rank_count(hosts);
    ranks.are_all_here = distributed::are_all_here(hosts);
    const std::string program = generator.string() + "-mpi";
    if (::access(program.c_str(), X_OK) != 0) {
        throw failure(
            fmt::format("--hosts needs Open MPI, and {} was built without it: apt-get install "
                        "libopenmpi-dev openmpi-bin, then build again (target regatta-load-mpi)",
                        generator.parent_path().string()),
            3);
    }
    ranks.launcher = distributed::mpirun_command(hosts);
}

void refuse_out_of_reach(const benchmark& arm, const load_origin& origin, const load_ranks& ranks) {
    const bool is_loopback = arm.runtime->target ? arm.runtime->target->address.starts_with("127.")
                                                 : origin.server_address.empty();
    if (!is_loopback || ranks.are_all_here) {
        return;
    }
    if (arm.runtime->target) {
        throw usage_failure(fmt::format(
            "--hosts names other machines, and {} is each one's own: give --target an address at "
            "which they reach the server",
            arm.runtime->target->address));
    }
    throw usage_failure(
        "--hosts names other machines: give --server-address, the address of this one at "
        "which they reach the server");
}

}  // namespace

void declare(CLI::App& command, load_origin& origin) {
    command.add_option("--ranks", origin.ranks, "generators on this machine that share the load")
        ->type_name("N")
        ->check(number_from(1, 1000, true));
    command
        .add_option("--hosts", origin.hosts,
                    "a file of hosts whose generators share the load, by Open MPI")
        ->type_name("FILE");
    command
        .add_option("--shards", origin.shards,
                    "folder on each host for what its generators saw, trial by trial")
        ->type_name("DIR");
    command
        .add_option("--server-address", origin.server_address,
                    "address of this machine at which the server listens")
        ->type_name("A");
    command
        .add_option("--source-addresses", origin.source_addresses,
                    "connect from these in turn: addresses, 127.0.0.0/8, or host: all it has")
        ->type_name("A,...");
}

load_ranks resolve(const load_origin& origin, const std::filesystem::path& generator) {
    refuse_ranks_and_hosts(origin);
    load_ranks ranks;
    ranks.count = origin.ranks;
    if (!origin.hosts.empty()) {
        use_hosts(origin, generator, ranks);
    }
    if (!origin.shards.empty()) {
        ranks.shards = std::filesystem::absolute(origin.shards);
    }
    ranks.server_address = address_of(origin);
    ranks.source_addresses = listed_sources(origin);
    // Which of them a host has it finds out itself; what is no address is refused here.
    static_cast<void>(sources_of(ranks.server_address, ranks.source_addresses, 1));
    return ranks;
}

connection_demand demand_of(const load_origin& origin, std::uint64_t connections) {
    refuse_ranks_and_hosts(origin);
    connection_demand demand;
    demand.connections = connections;
    demand.ranks = static_cast<std::uint64_t>(std::max<std::int64_t>(origin.ranks, 1));
    if (!origin.hosts.empty()) {
        const auto hosts = distributed::read_hosts(origin.hosts);
        demand.ranks = static_cast<std::uint64_t>(distributed::rank_count(hosts));
        const auto by_host = distributed::ranks_by_host(hosts);
        const auto most = std::max_element(
            by_host.begin(), by_host.end(),
            [](const auto& one, const auto& other) { return one.second < other.second; });
        const auto busiest = static_cast<std::uint64_t>(most->second);
        demand.hosts = by_host.size();
        demand.of_busiest = (connections * busiest + demand.ranks - 1) / demand.ranks;
        demand.are_all_here = distributed::are_all_here(hosts);
    }
    const auto listed = listed_sources(origin);
    demand.sources = sources_of(
        origin.server_address.empty() && !demand.are_all_here ? any_other_host : address_of(origin),
        listed, connections);
    if (!listed.empty() && demand.sources == 0) {
        if (demand.are_all_here) {
            throw usage_failure(fmt::format("--source-addresses {}: none of them is this machine's",
                                            origin.source_addresses));
        }
        demand.sources = 1;  // they are other hosts'
    }
    return demand;
}

void allow_open_files(const std::vector<benchmark>& arms) {
    constexpr std::int64_t others = 1000;
    std::int64_t most = 0;
    for (const benchmark& arm : arms) {
        most = std::max(most, arm.is_server() ? connections_of(arm) : 0);
    }
    const auto needed = static_cast<rlim_t>(most + others);
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < needed) {
        files = {needed, needed};
        ::setrlimit(RLIMIT_NOFILE, &files);
    }
}

void refuse_impossible_loads(const std::vector<benchmark>& arms, const load_origin& origin,
                             const load_ranks& ranks) {
    for (const benchmark& arm : arms) {
        if (!arm.is_server() || arm.is_over_unix()) {
            continue;
        }
        if (arm.runtime->target && !origin.server_address.empty()) {
            throw usage_failure(
                "--server-address is for a server that is started here, and --target runs "
                "already; leave one out");
        }
        // Each other host knows its own ports and addresses, and says so before it connects.
        if (ranks.are_elsewhere()) {
            refuse_out_of_reach(arm, origin, ranks);
            continue;
        }
        const std::string& server =
            arm.runtime->target ? arm.runtime->target->address : ranks.server_address;
        const auto connections = static_cast<std::uint64_t>(connections_of(arm));
        const std::uint64_t sources = sources_of(server, ranks.source_addresses, connections);
        if (const auto obstacle = port_obstacle({connections, sources, 1}, local_ports())) {
            throw failure(fmt::format("{}: {}", arm.name(), *obstacle), 3);
        }
    }
}

}  // namespace regatta::cli
