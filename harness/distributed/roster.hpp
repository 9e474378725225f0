#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/distributed/clock_offset.hpp"
#include "harness/distributed/pulse.hpp"
#include "harness/distributed/transport.hpp"

namespace regatta::distributed {

/// What rank 0 knows of a loading rank.
struct loader {
    enum class stage { absent, present, connected, measured, finished };

    unsigned rank = 0;
    stage reached = stage::absent;
    std::string host = "?";
    pid_t generator_pid = 0;
    std::uint64_t connections = 0;
    clock_offset clock;        ///< its clock minus rank 0's, before the load
    clock_offset clock_after;  ///< the same after the window
    nlohmann::json result;     ///< of its generator; null until it has come
    std::string lost;          ///< why it is given up; empty: it is not
    int exit_status = 1;       ///< of its generator, where it is lost
    std::uint64_t heard_ns = 0;

    bool is_there() const { return lost.empty(); }
    /// "rank 2 on h2"
    std::string name() const;
};

/// The loading ranks as rank 0 sees them: who is there, who has come how far, who is silent. All
/// that comes from them comes in here.
class roster {
public:
    explicit roster(transport& others);

    /// Takes in what has come, says that rank 0 is there when it is time, and gives up who is
    /// silent; takes no time.
    void look();

    void tell(const loader& to, const nlohmann::json& order) { others_.send(to.rank, order); }
    void tell_all(const nlohmann::json& order);

    /// One exchange of clocks with `with`; false when no answer came within a second.
    bool exchange_clocks(loader& with, clock_offset& into);

    std::vector<loader>& all() { return all_; }
    const std::vector<loader>& all() const { return all_; }
    /// Whether every rank that is there has come to `wanted`; also when none is.
    bool have_reached(loader::stage wanted) const;
    bool is_anybody_there() const;
    /// The first that is lost, or null.
    const loader* first_lost() const;

private:
    void take(const message& said);
    void take_event(loader& from, nlohmann::json event);
    void lose(loader& which, const std::string& reason);

    transport& others_;
    std::vector<loader> all_;
    waking_clock clock_;
    std::uint64_t beaten_ns_ = 0;
    unsigned clock_number_ = 0;
    std::uint64_t clock_answer_ns_ = 0;  // 0: none yet
};

}  // namespace regatta::distributed
