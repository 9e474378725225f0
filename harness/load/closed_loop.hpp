#pragma once

#include "harness/load/driver.hpp"

namespace regatta::load {

/// Keeps `depth` requests outstanding on every connection: the next one is made upon a reply. What
/// it finds is the peak throughput; its latency is service time, for a server that stalls is not
/// asked meanwhile.
///
/// Connections begin one after the other, spread evenly over `ramp_ns`: if all began at once they
/// would go on in step, and the burst of the beginning would be part of every round of a workload
/// that waits, or leave some of a server's many threads waiting for their first turn for a second.
class closed_loop final : public driver {
public:
    closed_loop(const client_protocol& protocol, engine& moves, recorder& records,
                std::uint32_t connections, std::uint32_t depth, std::uint64_t ramp_ns)
        : driver(protocol, moves, records, connections, depth), ramp_ns_(ramp_ns) {}

    void begin(std::uint64_t now_ns) override {
        begin_ns_ = now_ns;
        tick(now_ns);
    }
    void tick(std::uint64_t now_ns) override {
        while (next_due_ns() <= now_ns) {
            fill(begun_++);
        }
    }
    std::uint64_t next_due_ns() const override {
        return begun_ == connections() || is_stopped_
                   ? never_ns
                   : begin_ns_ + ramp_ns_ * begun_ / connections();
    }
    void stop(std::uint64_t) override { is_stopped_ = true; }

private:
    void has_room(connection_id id, std::uint64_t) override {
        if (!is_stopped_) {
            fill(id);
        }
    }
    void fill(connection_id id) {
        for (std::uint64_t left = room(id); left != 0; --left) {
            issue(id, {});
        }
        flush(id);
    }

    std::uint64_t ramp_ns_;
    std::uint64_t begin_ns_ = 0;
    connection_id begun_ = 0;
    bool is_stopped_ = false;
};

}  // namespace regatta::load
