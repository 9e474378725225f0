#pragma once

#include <cstdint>
#include <vector>

#include "harness/load/clock.hpp"
#include "harness/load/connection.hpp"
#include "harness/load/engine.hpp"
#include "harness/load/protocol.hpp"
#include "harness/load/recorder.hpp"
#include "harness/load/request_times.hpp"

namespace regatta::load {

/// Makes requests, takes replies apart and checks them, on every connection of an engine. When the
/// next request is made is the matter of the class derived from it: a load's mode.
class driver : public engine_events {
public:
    /// `depth`: how many requests a connection has outstanding, at most.
    driver(const client_protocol& protocol, engine& moves, recorder& records,
           std::uint32_t connections, std::uint32_t depth);

    /// The load begins.
    virtual void begin(std::uint64_t now_ns) = 0;
    /// Makes the requests that are due.
    virtual void tick(std::uint64_t) {}
    /// When tick() is needed next.
    virtual std::uint64_t next_due_ns() const { return never_ns; }
    /// No requests that are due at `end_ns` or later; those before are still sent and answered.
    virtual void stop(std::uint64_t end_ns) = 0;
    /// Requests that are due and wait for room on their connection.
    virtual std::uint64_t waiting() const { return 0; }
    /// Ends the wait for replies; returns the number of requests without one.
    std::uint64_t give_up(std::uint64_t now_ns);

    /// Requests made and not answered, on connections that are open.
    std::uint64_t outstanding() const { return outstanding_; }
    std::uint64_t open_connections() const { return open_connections_; }

    void sending(connection_id id, std::uint64_t now_ns) final;
    void sent(connection_id id, std::size_t bytes) final;
    void received(connection_id id, bytes_view bytes, std::uint64_t now_ns) final;
    void lost(connection_id id, int error, std::uint64_t now_ns) final;

protected:
    /// Replies came, so the connection can take further requests.
    virtual void has_room(connection_id id, std::uint64_t now_ns) = 0;
    /// The connection is lost, or given up.
    virtual void gone(connection_id, std::uint64_t) {}

    recorder& records() { return recorder_; }
    std::uint32_t connections() const { return static_cast<std::uint32_t>(peers_.size()); }
    bool is_open(connection_id id) const { return peers_[id].is_open; }
    /// How many requests the connection can take; 0 when it is lost.
    std::uint64_t room(connection_id id) const {
        return is_open(id) ? depth_ - peers_[id].outstanding() : 0;
    }
    /// Makes the next request of a connection that has room; flush() sends it. `intended_ns` 0
    /// stands for the time at which it will be sent.
    void issue(connection_id id, const request_times& times);
    void flush(connection_id id);

private:
    request_times& times(connection_id id, std::uint64_t sequence) {
        return times_[std::size_t{id} * depth_ + sequence % depth_];
    }
    std::size_t take_reply(connection_id id, bytes_view bytes, std::uint64_t now_ns);
    void abandon(connection_id id, std::uint64_t now_ns);

    const client_protocol& protocol_;
    engine& engine_;
    recorder& recorder_;
    std::uint32_t depth_;
    std::vector<connection> peers_;
    std::vector<request_times> times_;  // of the outstanding requests, `depth_` a connection
    std::uint64_t outstanding_ = 0;
    std::uint64_t open_connections_;
};

}  // namespace regatta::load
