#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "harness/load/connection_share.hpp"
#include "harness/load/driver.hpp"
#include "harness/load/schedule.hpp"

namespace regatta::load {

/// Makes requests at the times of a schedule, whether or not the server keeps up; the connections
/// take turns. A request whose connection is busy waits in the connection's queue, and its response
/// time runs from its intended time. What is late is sent late: never dropped, never slowed down.
///
/// Each thread of a load walks the whole schedule and makes the requests whose turn falls on one of
/// its own connections: all together make the schedule's, on the same connections, however many
/// they are.
class open_loop final : public driver {
public:
    open_loop(const client_protocol& protocol, engine& moves, recorder& records,
              reconnector& sockets, const connection_share& share, std::uint32_t depth,
              schedule arrivals);

    void begin(std::uint64_t now_ns) override;
    void tick(std::uint64_t now_ns) override;
    std::uint64_t next_due_ns() const override { return due_ns_; }
    void stop(std::uint64_t end_ns) override;
    std::uint64_t waiting() const override { return waiting_; }

private:
    void has_room(connection_id id, std::uint64_t now_ns) override;
    void gone(connection_id id, std::uint64_t now_ns) override;
    bool can_arrive() const;
    void arrive_until(std::uint64_t end_ns);
    void arrive(std::uint64_t intended_ns);
    void find_next();

    connection_share share_;
    schedule schedule_;
    std::uint64_t begin_ns_ = 0;
    std::uint64_t due_ns_ = never_ns;
    std::uint32_t turn_ = 0;  // whose the request due at due_ns_ is, counted over the whole load
    std::vector<std::deque<std::uint64_t>> queues_;  // intended times, one queue a connection
    std::uint64_t waiting_ = 0;                      // in all queues
};

}  // namespace regatta::load
