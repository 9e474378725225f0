#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "harness/load/endpoint.hpp"

namespace regatta::load {

/// The addresses that the connections of a load go out from. One address has some 28,000 local
/// ports for each port of a server.
class source_addresses {
public:
    /// Nobody said: the system chooses. To a loopback address, where the whole of 127.0.0.0/8 is
    /// this machine's, connections beyond the first 10,000 go out from 127.0.0.2, and so on.
    source_addresses(const endpoint& to, std::uint64_t connections);

    /// As the plan lists them: addresses, blocks ("127.0.0.0/8"), or "host" for all that this
    /// machine has; of other families than `to`'s, and of other machines, none. Connections take
    /// turns on them. Throws failure for what is none of these, when none is left, and when
    /// `of_this_process` connections need more.
    source_addresses(const endpoint& to, std::uint64_t connections,
                     const std::vector<std::string>& listed, std::uint64_t of_this_process);

    /// Binds `fd` for the load's connection `global`; its port is left to connect(). Gives errno,
    /// or 0.
    int bind_source(int fd, std::uint64_t global) const;

    /// An address had no port left, or is not to be had: takes the next for all to come. False when
    /// there is no other.
    bool move_on();

private:
    endpoint to_;
    bool is_listed_ = false;
    bool is_loopback_ = false;
    std::vector<endpoint> listed_;
    std::uint64_t per_source_ = 0;
    std::uint64_t moved_ = 0;
};

/// How many addresses a load to `to` goes out from; 0: as many as it needs.
std::uint64_t source_count(const endpoint& to, const std::vector<std::string>& listed,
                           std::uint64_t connections);

/// Those of `listed` that connections to `to` can come from here, at most `most`; throws failure
/// (usage) for what is no address.
std::vector<endpoint> usable_sources(const endpoint& to, const std::vector<std::string>& listed,
                                     std::uint64_t most);

}  // namespace regatta::load
