#include "harness/measure/connection_budget.hpp"

#include <optional>

#include <fmt/format.h>
#include <sys/resource.h>

#include "harness/measure/proc_file.hpp"

namespace regatta {
namespace {

using grade = finding::grade;

std::uint64_t ceil_of(std::uint64_t part, std::uint64_t whole) {
    return (part + whole - 1) / whole;
}

std::optional<std::uint64_t> number_of(const std::string& file) {
    const auto text = read_kernel_file(file);
    const auto value = text ? labelled_number("x" + *text, "x") : std::nullopt;
    return value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

finding enough_row(std::string subject, std::uint64_t needed, std::uint64_t there,
                   const std::string& advice) {
    finding found{std::move(subject), fmt::format("{} of {}", needed, there)};
    if (needed > there) {
        found.severity = grade::impossible;
        found.advice = advice;
    }
    return found;
}

finding source_ports(const connection_demand& demand, const connection_limits& limits) {
    finding found{"source ports", ""};
    if (demand.sources == 0) {
        found.value =
            fmt::format("addresses of 127.0.0.0/8: {}, with {} ports each",
                        ceil_of(demand.connections, limits.ports.count()), limits.ports.count());
        return found;
    }
    found.value = fmt::format("{} of {}", demand.connections,
                              demand.hosts * demand.sources * limits.ports.count());
    if (const auto obstacle = port_obstacle(
            {demand.connections, demand.sources, demand.hosts, demand.of_busiest}, limits.ports)) {
        found.severity = grade::impossible;
        found.advice = *obstacle;
    }
    return found;
}

finding memory_row(const connection_demand& demand, std::uint64_t available) {
    // Of two machines each pays one end's sockets; the server's own memory is its runtime's.
    const std::uint64_t sockets =
        demand.are_all_here ? socket_bytes_per_connection : socket_bytes_per_connection / 2;
    const std::uint64_t each = sockets + (demand.are_all_here ? generator_bytes_per_connection : 0);
    constexpr double mib = 1024.0 * 1024.0;
    finding found{"memory for connections",
                  fmt::format("{:.0f} MiB and what the runtime takes, of {:.0f} MiB",
                              static_cast<double>(each * demand.connections) / mib,
                              static_cast<double>(available) / mib)};
    if (each * demand.connections > available) {
        found.severity = grade::impossible;
        found.advice = "ask for fewer connections, or put the generators on other hosts (--hosts)";
    }
    return found;
}

}  // namespace

connection_limits read_connection_limits() {
    connection_limits limits;
    limits.ports = local_ports();
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    limits.open_files_hard = files.rlim_max;
    limits.open_files_max = number_of("/proc/sys/fs/file-max");
    limits.conntrack_max = number_of("/proc/sys/net/netfilter/nf_conntrack_max");
    if (const auto text = read_kernel_file("/proc/meminfo")) {
        if (const auto kib = labelled_number(*text, "MemAvailable:")) {
            limits.memory_available_bytes = static_cast<std::uint64_t>(*kib) * 1024;
        }
    }
    return limits;
}

std::vector<finding> check_connections(const connection_demand& demand,
                                       const connection_limits& limits) {
    const std::uint64_t of_a_rank = ceil_of(demand.connections, demand.ranks);
    const std::uint64_t ranks_needed =
        limits.open_files_hard <= other_descriptors
            ? demand.connections
            : ceil_of(demand.connections, limits.open_files_hard - other_descriptors);
    std::vector<finding> found{
        source_ports(demand, limits),
        enough_row(
            "descriptors of the server", demand.connections + other_descriptors,
            limits.open_files_hard,
            "raise the hard limit (LimitNOFILE, or nofile in limits.conf; above fs.nr_open that "
            "too), or take uring_multishot, whose workers hold as many each in a table of their "
            "own: --workers"),
        enough_row("descriptors of a generator", of_a_rank + other_descriptors,
                   limits.open_files_hard,
                   demand.are_all_here
                       ? fmt::format("share the load: --ranks {}", ranks_needed)
                       : fmt::format("share the load: slots=N for {} generators in all, where the "
                                     "hosts' limit is this one's",
                                     ranks_needed))};
    // Not of every runtime.
    if (found[1].severity == grade::impossible) {
        found[1].severity = grade::problem;
    }
    const std::uint64_t ends = demand.are_all_here ? 2 : 1;
    if (limits.open_files_max) {
        found.push_back(enough_row("open files of the machine", ends * demand.connections,
                                   *limits.open_files_max, "sysctl fs.file-max"));
    }
    if (limits.conntrack_max) {
        found.push_back(enough_row("connections that the firewall follows", demand.connections,
                                   *limits.conntrack_max,
                                   "beyond that it drops packets: sysctl "
                                   "net.netfilter.nf_conntrack_max, or no rule that tracks"));
    }
    if (limits.memory_available_bytes) {
        found.push_back(memory_row(demand, *limits.memory_available_bytes));
    }
    return found;
}

}  // namespace regatta
