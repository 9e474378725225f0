#pragma once

#include <cstdint>
#include <vector>

#include "harness/load/clock.hpp"
#include "harness/load/connection.hpp"
#include "harness/load/engine.hpp"
#include "harness/load/protocol.hpp"
#include "harness/load/recorder.hpp"

namespace regatta::load {

/// Makes requests, takes replies apart and checks them, on every connection of an engine. When the
/// next request is made is the matter of the class derived from it: a load's mode.
class driver : public engine_events {
public:
    /// `depth`: how many requests a connection has outstanding, at most.
    driver(const client_protocol& protocol, engine& moves, recorder& records,
           std::uint32_t connections, std::uint32_t depth);

    /// The load begins.
    virtual void begin() = 0;
    /// No new requests from now on; those that were made are still answered.
    virtual void stop() = 0;

    /// Requests made and not answered, on connections that are open.
    std::uint64_t outstanding() const { return outstanding_; }
    std::uint64_t open_connections() const { return open_connections_; }

    void sending(connection_id id, std::uint64_t now_ns) final;
    void sent(connection_id id, std::size_t bytes) final;
    void received(connection_id id, bytes_view bytes, std::uint64_t now_ns) final;
    void lost(connection_id id, int error, std::uint64_t now_ns) final;

protected:
    /// Replies came, so the connection can take further requests.
    virtual void has_room(connection_id id) = 0;

    std::uint32_t connections() const { return static_cast<std::uint32_t>(peers_.size()); }
    /// How many requests the connection can take; 0 when it is lost.
    std::uint64_t room(connection_id id) const {
        return peers_[id].is_open ? depth_ - peers_[id].outstanding() : 0;
    }
    /// Makes the next request of a connection that has room; flush() sends it.
    void issue(connection_id id);
    void flush(connection_id id);

private:
    std::uint64_t& sent_ns(connection_id id, std::uint64_t sequence) {
        return sent_ns_[std::size_t{id} * depth_ + sequence % depth_];
    }
    std::size_t take_reply(connection_id id, bytes_view bytes, std::uint64_t now_ns);
    void abandon(connection_id id, std::uint64_t now_ns);

    const client_protocol& protocol_;
    engine& engine_;
    recorder& recorder_;
    std::uint32_t depth_;
    std::vector<connection> peers_;
    std::vector<std::uint64_t> sent_ns_;  // of the outstanding requests, `depth_` a connection
    std::uint64_t outstanding_ = 0;
    std::uint64_t open_connections_;
};

}  // namespace regatta::load
