#include "harness/load/lane.hpp"

#include <algorithm>

#include "harness/load/clock.hpp"
#include "harness/load/closed_loop.hpp"
#include "harness/load/open_loop.hpp"

namespace regatta::load {

lane::lane(const load_plan& plan, const client_protocol& protocol, std::span<const int> sockets,
           const connection_share& share, const source_addresses& sources, interval_series& series)
    : plan_(plan),
      recorder_(series, plan.mode == "open", protocol.sets_apart()),
      sockets_(plan.address, plan.port, share, &sources),
      engine_(make_engine(plan.engine, sockets)) {
    if (plan.mode == "open") {
        driver_ =
            std::make_unique<open_loop>(protocol, *engine_.engine, recorder_, sockets_, share,
                                        plan.depth, schedule(plan.arrivals, plan.steps, plan.seed));
    } else {
        driver_ = std::make_unique<closed_loop>(protocol, *engine_.engine, recorder_, sockets_,
                                                share, plan.depth, plan.warmup_ns / 2);
    }
}

void lane::begin(std::uint64_t begin_ns) {
    recorder_.set_window(begin_ns + plan_.warmup_ns);
    driver_->begin(begin_ns);
}

void lane::load_until(std::uint64_t deadline_ns, const std::atomic<bool>& is_over) {
    std::uint64_t now = now_ns();
    while (has_connections() && now < deadline_ns && !is_over.load(std::memory_order_relaxed)) {
        driver_->tick(now);
        // Waking takes some 25 us: whoever has a CPU to spare spins before a send.
        const std::uint64_t due = driver_->next_due_ns();
        engine_.engine->wait(*driver_, std::min(deadline_ns, due - std::min(due, plan_.spin_ns)));
        now = now_ns();
    }
}

void lane::drain(std::uint64_t end_ns, const std::atomic<bool>& is_over) {
    recorder_.end_window(end_ns);
    driver_->stop(end_ns);
    const std::uint64_t deadline = end_ns + plan_.drain_ns;
    while (driver_->outstanding() + driver_->waiting() != 0 && now_ns() < deadline &&
           !is_over.load(std::memory_order_relaxed)) {
        engine_.engine->wait(*driver_, deadline);
    }
    unanswered_ = driver_->give_up(now_ns());
    recorder_.counts().timeouts = unanswered_;
}

void lane::add_to(load_result& result) const {
    recorder_.add_to(result);
    if (result.engine.empty() || !engine_.note.empty()) {
        result.engine = engine_.engine->name();
        result.engine_note = engine_.note;
    }
    result.unanswered += unanswered_;
}

}  // namespace regatta::load
