#pragma once

#include "harness/load/driver.hpp"

namespace regatta::load {

/// Keeps `depth` requests outstanding on every connection: the next one is made upon a reply. What
/// it finds is the peak throughput; its latency is service time, for a server that stalls is not
/// asked meanwhile.
class closed_loop final : public driver {
public:
    using driver::driver;

    void begin(std::uint64_t) override {
        for (connection_id id = 0; id < connections(); ++id) {
            fill(id);
        }
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

    bool is_stopped_ = false;
};

}  // namespace regatta::load
