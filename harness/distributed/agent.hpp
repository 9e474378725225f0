#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "harness/distributed/pulse.hpp"
#include "harness/distributed/shard.hpp"
#include "harness/distributed/transport.hpp"
#include "harness/server/child_process.hpp"

namespace regatta::distributed {

/// A loading rank: stands between rank 0 and the generator of this host, a `regatta-load` of its
/// own, which it starts, feeds and watches. So the process that loads makes no call of the
/// transport, and its end by whatever cause is one more thing to tell. While it loads the agent
/// sleeps, but for a word a second.
class agent {
public:
    /// `generator` was started and waits for its plan.
    agent(transport& others, child_process& generator);

    /// Serves rank 0 until it says stop, or is gone; the generator is then ended. Gives the exit
    /// status.
    int run();

private:
    bool heed(const nlohmann::json& words);
    void take_plan(const nlohmann::json& words);
    void relay_generator();
    void relay(const std::string& line);
    void tell_lost(const std::string& reason, int exit_status);
    void beat();
    void nap();

    transport& others_;
    child_process& generator_;
    std::optional<shard> shard_;
    waking_clock clock_;
    std::uint64_t heard_ns_ = 0;        // when rank 0 last said anything
    std::uint64_t beaten_ns_ = 0;       // when it was last told that we are here
    std::uint64_t clock_asked_ns_ = 0;  // real time
    bool is_loading_ = false;
    bool is_over_ = false;  // the generator gave its result, or was told to be lost
};

}  // namespace regatta::distributed
