#include "harness/load/generator.hpp"

#include <algorithm>
#include <memory>

#include "harness/load/clock.hpp"
#include "harness/load/closed_loop.hpp"
#include "harness/load/connector.hpp"
#include "harness/load/engine.hpp"
#include "harness/load/open_loop.hpp"
#include "harness/load/protocol.hpp"
#include "harness/load/recorder.hpp"

namespace regatta::load {
namespace {

// Leads a load through warm-up, measured window and drain.
class conductor {
public:
    conductor(const load_plan& plan, load_stages& stages, engine& moves, driver& drives,
              recorder& records)
        : plan_(plan), stages_(stages), engine_(moves), driver_(drives), recorder_(records) {}

    void run() {
        const std::uint64_t begin = now_ns();
        driver_.begin(begin);
        load_until(begin + plan_.warmup_ns);
        const std::uint64_t window_begin = now_ns();
        warmup_ns_ = window_begin - begin;
        recorder_.begin_window(window_begin);
        const std::uint64_t own_begin = own_cpu_ns();
        const auto server_begin = server_cpu_ns();
        stages_.measuring();

        load_until(window_begin + plan_.measure_ns);
        const std::uint64_t window_end = now_ns();
        recorder_.end_window(window_end);
        cpu_ns_ = own_cpu_ns() - own_begin;
        if (const auto server_end = server_cpu_ns(); server_begin && server_end) {
            server_cpu_ns_ = *server_end - *server_begin;
        }

        driver_.stop(window_end);
        const std::uint64_t deadline = window_end + plan_.drain_ns;
        while (driver_.outstanding() + driver_.waiting() != 0 && now_ns() < deadline) {
            engine_.wait(driver_, deadline);
        }
        unanswered_ = driver_.give_up(now_ns());
        recorder_.counts().timeouts = unanswered_;
    }

    void report(load_result& result) const {
        recorder_.report(result);
        result.warmup_ns = warmup_ns_;
        result.cpu_ns = cpu_ns_;
        result.server_cpu_ns = server_cpu_ns_;
        result.unanswered = unanswered_;
    }

private:
    // Returns early when there is no connection left to load.
    void load_until(std::uint64_t deadline_ns) {
        std::uint64_t now = now_ns();
        while (driver_.open_connections() != 0 && now < deadline_ns) {
            driver_.tick(now);
            // Waking takes some 25 us: whoever has a CPU to spare spins through the last of them.
            const std::uint64_t due = driver_.next_due_ns();
            engine_.wait(driver_, std::min(deadline_ns, due - std::min(due, plan_.spin_ns)));
            now = now_ns();
        }
    }

    std::optional<std::uint64_t> server_cpu_ns() const {
        return plan_.server_pid ? process_cpu_ns(*plan_.server_pid) : std::nullopt;
    }

    const load_plan& plan_;
    load_stages& stages_;
    engine& engine_;
    driver& driver_;
    recorder& recorder_;
    std::uint64_t warmup_ns_ = 0;
    std::uint64_t cpu_ns_ = 0;
    std::optional<std::uint64_t> server_cpu_ns_;
    std::uint64_t unanswered_ = 0;
};

std::vector<int> numbers(const std::vector<descriptor>& sockets) {
    std::vector<int> result(sockets.size());
    std::transform(sockets.begin(), sockets.end(), result.begin(),
                   [](const descriptor& each) { return each.get(); });
    return result;
}

}  // namespace

std::optional<load_result> run_load(const load_plan& plan, load_stages& stages) {
    const auto protocol = make_client_protocol(plan.workload, plan.values);
    const auto sockets = connect_all(plan.address, plan.port, plan.connections, plan.connect_ns);
    recorder records(plan.measure_ns, plan.interval_ns, plan.mode == "open");
    // The kernel may read the driver's buffers until the engine is gone.
    std::unique_ptr<driver> drives;
    const chosen_engine chosen = make_engine(plan.engine, numbers(sockets));
    if (plan.mode == "open") {
        drives =
            std::make_unique<open_loop>(*protocol, *chosen.engine, records, plan.connections,
                                        plan.depth, schedule(plan.arrivals, plan.steps, plan.seed));
    } else {
        drives = std::make_unique<closed_loop>(*protocol, *chosen.engine, records, plan.connections,
                                               plan.depth, plan.warmup_ns / 2);
    }
    if (!stages.connected(plan.connections)) {
        return std::nullopt;
    }
    conductor leads(plan, stages, *chosen.engine, *drives, records);
    leads.run();
    if (!stages.measured()) {
        return std::nullopt;
    }
    load_result result;
    leads.report(result);
    result.engine = chosen.engine->name();
    result.engine_note = chosen.note;
    return result;
}

}  // namespace regatta::load
