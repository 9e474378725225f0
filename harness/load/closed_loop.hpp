#pragma once

#include <cmath>

#include "harness/load/connection_share.hpp"
#include "harness/load/driver.hpp"

namespace regatta::load {

/// Keeps `depth` requests outstanding on every connection: the next one is made upon a reply. What
/// it finds is the peak throughput; its latency is service time, for a server that stalls is not
/// asked meanwhile.
///
/// Connections begin one after the other over `ramp_ns`: if all began at once they would go on in
/// step, and the burst of the beginning would be part of every round of a workload that waits, or
/// leave some of a server's many threads waiting for their first turn for a second. Connection i of
/// n begins at ramp_ns (i/n)^1.5: at even distances many would fall on the same phase of the wait,
/// while such a sequence is spread evenly over the phases of a wait of any length (Weyl).
class closed_loop final : public driver {
public:
    closed_loop(const client_protocol& protocol, engine& moves, recorder& records,
                reconnector& sockets, const connection_share& share, std::uint32_t depth,
                std::uint64_t ramp_ns)
        : driver(protocol, moves, records, sockets, share, depth),
          share_(share),
          ramp_ns_(ramp_ns) {}

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
        return begun_ == connections() || is_stopped_ ? never_ns
                                                      : begin_ns_ + begin_after_ns(begun_);
    }
    void stop(std::uint64_t) override { is_stopped_ = true; }

private:
    void has_room(connection_id id, std::uint64_t) override {
        if (!is_stopped_) {
            fill(id);
        }
    }
    std::uint64_t begin_after_ns(connection_id id) const {
        const double before = static_cast<double>(share_.global(id)) / share_.connections;
        return static_cast<std::uint64_t>(static_cast<double>(ramp_ns_) * std::pow(before, 1.5));
    }
    void fill(connection_id id) {
        for (std::uint64_t left = room(id); left != 0; --left) {
            issue(id, {});
        }
        flush(id);
    }

    connection_share share_;
    std::uint64_t ramp_ns_;
    std::uint64_t begin_ns_ = 0;
    connection_id begun_ = 0;
    bool is_stopped_ = false;
};

}  // namespace regatta::load
