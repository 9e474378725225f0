#include "harness/load/source_addresses.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "harness/load/failure.hpp"
#include "harness/measure/local_ports.hpp"

namespace regatta::load {
namespace {

// With more than half of an address's local ports in use, the kernel searches some 2 ms for each.
constexpr std::uint64_t connections_per_source = 10'000;
// Of a large block no more are used than spread the ports well.
constexpr std::uint64_t turns_min = 250;
// How far beyond the sources that it reckoned with a load may move on.
constexpr std::uint64_t moves_max = 250;

std::uint64_t sources_max(std::uint64_t connections) {
    return std::max(turns_min, connections / connections_per_source);
}

// All of 127.0.0.0/8 is this machine's, and a Unix socket needs no port.
bool has_no_limit(const endpoint& to) {
    return is_loopback_v4(to) || to.address.ss_family == AF_UNIX;
}

in_addr_t v4_of(const endpoint& address) {
    return ntohl(reinterpret_cast<const sockaddr_in&>(address.address).sin_addr.s_addr);
}

endpoint from_v4(in_addr_t address) {
    endpoint result;
    auto& raw = reinterpret_cast<sockaddr_in&>(result.address);
    raw.sin_family = AF_INET;
    raw.sin_addr.s_addr = htonl(address);
    result.length = sizeof raw;
    return result;
}

bool is_same(const endpoint& one, const endpoint& other) {
    return to_string(one) == to_string(other);
}

// Every address of this machine that a connection to `to` may come from.
std::vector<endpoint> addresses_of_host(const endpoint& to) {
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) {
        throw failure(failure::kind::other, fmt::format("cannot list this machine's addresses: {}",
                                                        std::strerror(errno)));
    }
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, freeifaddrs);
    std::vector<endpoint> found;
    for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != to.address.ss_family ||
            (each->ifa_flags & IFF_UP) == 0) {
            continue;
        }
        endpoint one;
        one.length = to.address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
        std::memcpy(&one.address, each->ifa_addr, one.length);
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(one.address);
        const bool is_link_local =
            one.address.ss_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr);
        if (!is_link_local && (each->ifa_flags & IFF_LOOPBACK) == 0) {
            found.push_back(one);
        }
    }
    return found;
}

[[noreturn]] void refuse(const std::string& item) {
    throw failure(failure::kind::usage, fmt::format("'{}' is no source address", item),
                  "a numeric address, a block of IPv4 addresses such as 127.0.0.0/8, or 'host' for "
                  "all that the generator's host has");
}

void add_block(const std::string& item, std::size_t slash, std::uint64_t most,
               std::vector<endpoint>& into) {
    unsigned bits = 0;
    const char* const end = item.data() + item.size();
    const auto [stop, error] = std::from_chars(item.data() + slash + 1, end, bits);
    endpoint base;
    try {
        base = parse_endpoint(item.substr(0, slash), 0);
    } catch (const failure&) {
        refuse(item);
    }
    if (error != std::errc() || stop != end || bits < 1 || bits > 32 ||
        base.address.ss_family != AF_INET) {
        refuse(item);
    }
    const std::uint64_t count = std::uint64_t{1} << (32 - bits);
    const in_addr_t first = v4_of(base) & static_cast<in_addr_t>(~(count - 1));
    // The first and the last of a block are no address of a host.
    const std::uint64_t edge = bits < 31 ? 1 : 0;
    for (std::uint64_t i = edge; i < count - edge && into.size() < most; ++i) {
        into.push_back(from_v4(first + static_cast<in_addr_t>(i)));
    }
}

bool is_of(const std::vector<endpoint>& host, const endpoint& address) {
    return is_loopback_v4(address) ||
           std::any_of(host.begin(), host.end(),
                       [&](const endpoint& each) { return is_same(each, address); });
}

}  // namespace

std::vector<endpoint> usable_sources(const endpoint& to, const std::vector<std::string>& listed,
                                     std::uint64_t most) {
    const std::vector<endpoint> host = addresses_of_host(to);
    std::vector<endpoint> found;
    for (const std::string& item : listed) {
        if (item == "host") {
            found.insert(found.end(), host.begin(), host.end());
        } else if (const std::size_t slash = item.find('/'); slash != std::string::npos) {
            add_block(item, slash, most, found);
        } else {
            try {
                found.push_back(parse_endpoint(item, 0));
            } catch (const failure&) {
                refuse(item);
            }
        }
    }
    // One list serves all hosts: each takes those that are its own.
    std::erase_if(found, [&](const endpoint& each) {
        return each.address.ss_family != to.address.ss_family || !is_of(host, each);
    });
    if (found.size() > most) {
        found.resize(most);
    }
    return found;
}

std::uint64_t source_count(const endpoint& to, const std::vector<std::string>& listed,
                           std::uint64_t connections) {
    return !listed.empty()    ? usable_sources(to, listed, sources_max(connections)).size()
           : has_no_limit(to) ? 0
                              : 1;
}

source_addresses::source_addresses(const endpoint& to, std::uint64_t connections)
    : to_(to),
      is_loopback_(is_loopback_v4(to)),
      per_source_(is_loopback_ && connections > connections_per_source ? connections_per_source
                                                                       : 0) {}

source_addresses::source_addresses(const endpoint& to, std::uint64_t connections,
                                   const std::vector<std::string>& listed,
                                   std::uint64_t of_this_process)
    : source_addresses(to, connections) {
    if (!listed.empty()) {
        is_listed_ = true;
        listed_ = usable_sources(to, listed, sources_max(connections));
        if (listed_.empty()) {
            throw failure(failure::kind::machine_cannot,
                          fmt::format("none of the source addresses {} is this machine's",
                                      fmt::join(listed, ",")),
                          "'host' means all that it has; ip address add gives it more");
        }
    }
    const std::uint64_t sources = source_count(to, listed, connections);
    if (const auto obstacle = port_obstacle({of_this_process, sources, 1}, local_ports())) {
        throw failure(failure::kind::machine_cannot, *obstacle);
    }
}

int source_addresses::bind_source(int fd, std::uint64_t global) const {
    endpoint source;
    if (is_listed_) {
        source = listed_[(global + moved_) % listed_.size()];
    } else {
        const std::uint64_t index = moved_ + (per_source_ == 0 ? 0 : global / per_source_);
        if (index == 0) {
            return 0;
        }
        source = from_v4(INADDR_LOOPBACK + static_cast<in_addr_t>(index));
    }
    const int yes = 1;  // the port is chosen by connect(), which knows what is free
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    return bind(fd, source.raw(), source.length) == 0 ? 0 : errno;
}

bool source_addresses::move_on() {
    const std::uint64_t most = is_listed_ ? listed_.size() - 1 : is_loopback_ ? moves_max : 0;
    return moved_ < most && ++moved_ != 0;
}

}  // namespace regatta::load
