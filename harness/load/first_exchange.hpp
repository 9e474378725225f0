#pragma once

#include <cstdint>
#include <span>

#include "harness/load/descriptor.hpp"
#include "harness/load/protocol.hpp"
#include "harness/load/result.hpp"

namespace regatta::load {

/// Makes request 0 of `protocol` on each of the connected, non-blocking `sockets` and takes its
/// reply: the server has then accepted all of them, where connect() tells only that the system has.
/// What goes to and fro is counted in `client`. A connection that is lost is left as it is. Throws
/// failure where one is not answered until `end_ns`.
void exchange_once(std::span<const descriptor> sockets, const client_protocol& protocol,
                   std::uint64_t end_ns, client_counters& client);

}  // namespace regatta::load
