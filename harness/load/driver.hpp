#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "harness/load/audience_progress.hpp"
#include "harness/load/clock.hpp"
#include "harness/load/connection.hpp"
#include "harness/load/connection_share.hpp"
#include "harness/load/engine.hpp"
#include "harness/load/protocol.hpp"
#include "harness/load/reconnector.hpp"
#include "harness/load/recorder.hpp"
#include "harness/load/request_times.hpp"

namespace regatta::load {

/// Makes requests, takes replies apart and checks them, on every connection of an engine. When the
/// next request is made is the matter of the class derived from it: a load's mode.
class driver : public engine_events {
public:
    /// `depth`: how many requests a connection has outstanding, at most. `sockets` opens
    /// connections anew; the others' are the engine's.
    driver(const client_protocol& protocol, engine& moves, recorder& records, reconnector& sockets,
           const connection_share& share, std::uint32_t depth);

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
    int open(connection_id id) final;
    void sent(connection_id id, std::size_t bytes) final;
    void received(connection_id id, bytes_view bytes, std::uint64_t now_ns) final;
    void lost(connection_id id, int error, std::uint64_t now_ns) final;

protected:
    /// Replies came, so the connection can take further requests.
    virtual void has_room(connection_id id, std::uint64_t now_ns) = 0;
    /// The connection is lost, or given up.
    virtual void gone(connection_id, std::uint64_t) {}

    recorder& records() { return recorder_; }
    /// Those that requests are made on: only the first where each request reaches all.
    std::uint32_t connections() const {
        return shape_.is_broadcast ? 1 : static_cast<std::uint32_t>(peers_.size());
    }
    bool is_open(connection_id id) const { return peers_[id].is_open; }
    /// How many requests the connection can take; 0 when it is lost, or about to be closed as the
    /// workload wants it.
    std::uint64_t room(connection_id id) const {
        const connection& to = peers_[id];
        if (!to.is_open) {
            return 0;
        }
        if (!shape_.is_broadcast) {
            return std::min(depth_ - to.outstanding(), to.issuable - to.issued);
        }
        // Messages only when all have joined.
        const std::uint64_t answered = audience_.answered_by_all();
        return answered < joined ? joined - to.issued : depth_ - (to.issued - answered);
    }
    /// Makes the next request of a connection that has room; flush() sends it. `intended_ns` 0
    /// stands for the time at which it will be sent.
    void issue(connection_id id, const request_times& times);
    void flush(connection_id id);

private:
    request_times& times(connection_id id, std::uint64_t sequence) {
        return times_[std::size_t{id} * depth_ + sequence % depth_];
    }
    // Of a broadcast: the number of requests by which each connection has joined.
    static constexpr std::uint64_t joined = 1;

    void flush_own(connection_id id);
    void issue_on(connection& to, connection_id id, const request_times& times);
    void sending_on(connection& to, connection_id id, std::uint64_t end, std::uint64_t now_ns);
    bool renew(connection_id id);
    std::size_t take_reply(connection_id id, bytes_view bytes, std::uint64_t now_ns);
    void abandon(connection_id id, std::uint64_t now_ns);

    const client_protocol& protocol_;
    load_shape shape_;
    bool sets_apart_;
    engine& engine_;
    recorder& recorder_;
    reconnector& sockets_;
    std::uint32_t depth_;
    std::vector<connection> peers_;
    audience_progress audience_;
    std::vector<request_times> times_;  // of the outstanding requests, `depth_` a connection
    std::uint64_t outstanding_ = 0;
    std::uint64_t open_connections_;
};

}  // namespace regatta::load
