#include "harness/measure/local_ports.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace regatta {
namespace {

constexpr const char* settings = "/proc/sys/net/ipv4/";

std::string setting(const char* name) {
    std::ifstream file(std::string(settings) + name);
    std::string line;
    std::getline(file, line);
    return line;
}

}  // namespace

std::uint32_t reserved_in(const std::string& list, std::uint32_t first, std::uint32_t last) {
    std::uint32_t count = 0;
    std::istringstream items(list);
    for (std::string item; std::getline(items, item, ',');) {
        unsigned from = 0;
        unsigned to = 0;
        const int read = std::sscanf(item.c_str(), "%u-%u", &from, &to);
        if (read < 1) {
            continue;
        }
        to = std::min<unsigned>(read == 2 ? to : from, last);
        from = std::max<unsigned>(from, first);
        count += to >= from ? to - from + 1 : 0;
    }
    return count;
}

local_port_range local_ports() {
    local_port_range range;
    unsigned first = 0;
    unsigned last = 0;
    if (std::sscanf(setting("ip_local_port_range").c_str(), "%u %u", &first, &last) == 2 &&
        first <= last) {
        range.first = first;
        range.last = last;
    }
    range.reserved = reserved_in(setting("ip_local_reserved_ports"), range.first, range.last);
    return range;
}

std::optional<std::string> port_obstacle(const port_demand& demand, const local_port_range& ports) {
    if (demand.sources == 0) {
        return std::nullopt;
    }
    const std::uint64_t room = demand.hosts * demand.sources * ports.count();
    const std::uint64_t even = (demand.connections + demand.hosts - 1) / demand.hosts;
    const std::uint64_t of_a_host = std::max(even, demand.of_busiest);
    if (of_a_host <= demand.sources * ports.count()) {
        return std::nullopt;
    }
    const std::uint64_t needed = (of_a_host + ports.count() - 1) / ports.count();
    return fmt::format(
        "{} connections to one port need {} source addresses{}: each has {} local ports "
        "(net.ipv4.ip_local_port_range {}-{}{}), and {}{} {} {}{}; give {}--source-addresses, or "
        "widen the range: sysctl net.ipv4.ip_local_port_range='1024 65535'",
        demand.connections, needed, demand.hosts > 1 ? " on each host" : "", ports.count(),
        ports.first, ports.last,
        ports.reserved == 0 ? "" : fmt::format(" less {} reserved", ports.reserved),
        demand.hosts > 1 ? fmt::format("{} hosts x ", demand.hosts) : "",
        demand.sources == 1 ? "1 address" : fmt::format("{} addresses", demand.sources),
        demand.sources == 1 && demand.hosts == 1 ? "makes" : "make", room,
        of_a_host > even ? fmt::format(", of which one host is to have {}", of_a_host) : "",
        demand.sources == 1 ? "" : "more ");
}

}  // namespace regatta
