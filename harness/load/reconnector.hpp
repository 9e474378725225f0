#pragma once

#include <string>
#include <vector>

#include "harness/load/connector.hpp"
#include "harness/load/engine.hpp"

namespace regatta::load {

/// Opens connections anew that the server has closed, and owns their sockets.
class reconnector {
public:
    /// For the connections of `share` to `address`:`port`, from `sources`, which must outlive this;
    /// null: as the system chooses. Throws failure when that is no address.
    reconnector(const std::string& address, std::uint16_t port, const connection_share& share,
                const source_addresses* sources = nullptr);

    /// Raises the limit of descriptors as far as reopening all needs. Throws failure as
    /// connect_all() does.
    void prepare();

    /// A new socket for the connection: non-blocking, TCP_NODELAY set, connecting or connected. The
    /// last one that was opened for it is closed. A negative errno value where there is none.
    int reopen(connection_id id);

private:
    endpoint to_;
    connection_share share_;
    const source_addresses* sources_;
    std::vector<descriptor> sockets_;
};

}  // namespace regatta::load
