#include "harness/load/generator.hpp"

#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "harness/load/clock.hpp"
#include "harness/load/connector.hpp"
#include "harness/load/crew.hpp"
#include "harness/load/failure.hpp"
#include "harness/load/first_exchange.hpp"
#include "harness/load/protocol.hpp"

namespace regatta::load {
namespace {

// What the first thread reads at both ends of the window, for all.
class cpu_clocks {
public:
    explicit cpu_clocks(std::optional<pid_t> server) : server_(server) {}

    void begin() {
        own_begin_ = own_cpu_ns();
        server_begin_ = server_cpu_ns();
    }
    void end(load_result& result) const {
        result.cpu_ns = own_cpu_ns() - own_begin_;
        if (const auto end = server_cpu_ns(); server_begin_ && end) {
            result.server_cpu_ns = *end - *server_begin_;
        }
    }

private:
    std::optional<std::uint64_t> server_cpu_ns() const {
        return server_ ? process_cpu_ns(*server_) : std::nullopt;
    }

    std::optional<pid_t> server_;
    std::uint64_t own_begin_ = 0;
    std::optional<std::uint64_t> server_begin_;
};

// A load and its threads; the thread that made it is the first of them.
class load {
public:
    load(const load_plan& plan, load_stages& stages)
        : plan_(plan),
          stages_(stages),
          protocol_(make_client_protocol(plan.workload, plan.values)),
          shape_(protocol_->shape()),
          // Who gets a message and who sent it must be on one thread.
          share_{plan.connections, plan.ranks, plan.rank},
          threads_(shape_.is_broadcast ? 1 : std::min(plan.threads, share_.size())),
          sources_(parse_endpoint(plan.address, plan.port), all().connections,
                   plan.source_addresses, all().size()),
          connect_end_ns_(now_ns() + plan.connect_ns),
          sockets_(connect_all(plan.address, plan.port, all(), sources_, plan.connect_ns)),
          series_(plan.measure_ns, plan.interval_ns, threads_, plan.ranks > 1),
          clocks_(plan.server_pid),
          crew_(threads_) {
        exchange_once(std::span(sockets_).subspan(share_.size()), *protocol_, connect_end_ns_,
                      result_.client);
        if (plan.slow_ns_per_request != 0) {
            protocol_ = make_slow(std::move(protocol_), plan.slow_ns_per_request);
        }
    }

    std::optional<load_result> run() {
        {
            std::vector<std::jthread> others;
            for (unsigned thread = 1; thread < threads_; ++thread) {
                others.emplace_back([this, thread] { run_lane(thread); });
            }
            run_lane(0);
        }
        crew_.rethrow_failure();
        if (crew_.is_over()) {
            return std::nullopt;
        }
        const std::uint64_t end = crew_.end_ns(begin_ns_ + plan_.warmup_ns + plan_.measure_ns);
        result_.threads = threads_;
        result_.warmup_ns = std::min(plan_.warmup_ns, end - begin_ns_);
        result_.intervals = series_.take();
        count_idle_connections();
        return std::move(result_);
    }

private:
    // The load's connections and then the idle ones; of both, those of this rank.
    connection_share all() const {
        return {plan_.connections + static_cast<std::uint32_t>(shape_.idle_connections),
                plan_.ranks, plan_.rank};
    }
    std::uint32_t idle_connections() const { return all().size() - share_.size(); }
    // One exchange was made on each, so they should still be open.
    void count_idle_connections() {
        result_.client.connections += idle_connections();
        for (auto each = sockets_.begin() + share_.size(); each != sockets_.end(); ++each) {
            char byte;
            const ssize_t got = recv(each->get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
            if (got > 0) {
                ++result_.client.wrong_replies;
            } else if (got == 0) {
                ++result_.client.closed;
            } else if (errno != EAGAIN) {
                ++result_.client.resets;
            }
        }
    }

    void run_lane(unsigned thread) {
        const connection_share share = share_.of_thread(thread, threads_);
        const bool is_first = thread == 0;
        std::optional<lane> own;
        crew_.attempt([&] {
            if (threads_ > 1) {
                settle(thread);
            }
            own.emplace(plan_, *protocol_, numbers(share), share, sources_, series_);
        });
        crew_.meet();
        if (is_first) {
            crew_.attempt([&] { connected(); });
        }
        crew_.meet();
        crew_.attempt([&] { put_on(*own, is_first); });
        crew_.meet();
        if (is_first) {
            crew_.attempt([&] { measured(); });
        }
        // Until here every connection is open.
        crew_.meet();
        if (own && !crew_.is_over()) {
            const std::lock_guard lock(result_mutex_);
            own->add_to(result_);
        }
    }

    void connected() {
        if (!stages_.connected(all().size())) {
            crew_.give_up();
            return;
        }
        begin_ns_ = stages_.begin_ns();
        sleep_until(begin_ns_);
        result_.begin_late_ns = now_ns() - begin_ns_;
    }

    void put_on(lane& own, bool is_first) {
        const std::uint64_t window_begin = begin_ns_ + plan_.warmup_ns;
        const std::uint64_t window_end = window_begin + plan_.measure_ns;
        own.begin(begin_ns_);
        crew_.load_until(own, window_begin);
        if (is_first) {
            clocks_.begin();
            stages_.measuring();
        }
        crew_.load_until(own, window_end);
        if (is_first) {
            clocks_.end(result_);
        }
        own.drain(crew_.end_ns(window_end), crew_.is_over());
    }

    void measured() {
        if (!stages_.measured()) {
            crew_.give_up();
        }
    }

    std::vector<int> numbers(const connection_share& share) const {
        std::vector<int> result(share.size());
        for (connection_id id = 0; id < share.size(); ++id) {
            result[id] = sockets_[share_.local(share.global(id))].get();
        }
        return result;
    }

    // One CPU for each thread, where there are as many: they need not find out by themselves.
    void settle(unsigned thread) const {
        if (plan_.cpus.size() >= threads_) {
            cpu_set_t own;
            CPU_ZERO(&own);
            CPU_SET(plan_.cpus[thread], &own);
            sched_setaffinity(0, sizeof own, &own);
        }
    }

    const load_plan& plan_;
    load_stages& stages_;
    std::unique_ptr<client_protocol> protocol_;
    load_shape shape_;
    connection_share share_;  // of this rank
    unsigned threads_;
    source_addresses sources_;
    std::uint64_t connect_end_ns_;
    std::vector<descriptor> sockets_;
    interval_series series_;
    cpu_clocks clocks_;
    crew crew_;
    std::uint64_t begin_ns_ = 0;
    std::mutex result_mutex_;
    load_result result_;
};

}  // namespace

std::optional<load_result> run_load(const load_plan& plan, load_stages& stages) {
    if (plan.ranks > 1 && make_client_protocol(plan.workload, plan.values)->shape().is_broadcast) {
        throw failure(
            failure::kind::usage,
            fmt::format("{} cannot be loaded by several ranks: who gets a message and who "
                        "sent it must share a clock",
                        plan.workload),
            "leave --ranks and --hosts out");
    }
    return load(plan, stages).run();
}

}  // namespace regatta::load
