#pragma once

#include <unistd.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "runtimes/main/catalog.hpp"
#include "runtimes/main/control.hpp"
#include "runtimes/main/injection.hpp"
#include "runtimes/main/lines.hpp"
#include "runtimes/main/listening.hpp"
#include "runtimes/main/loop_lag.hpp"
#include "runtimes/support/limits.hpp"

namespace regatta {

/// The sums of all ended sessions; sessions end on any thread.
class server_totals {
public:
    void add(const counters& of_session) {
        const std::lock_guard lock(mutex_);
        sum_ += of_session;
    }
    counters sum() const {
        const std::lock_guard lock(mutex_);
        return sum_;
    }

private:
    mutable std::mutex mutex_;
    counters sum_;
};

/// One connection from accept to close: the workload's session with counters around it.
template <runtime Runtime>
auto counted_session(Runtime& worker, typename Runtime::stream peer, const params& values,
                     session_source<Runtime>& source, server_totals& totals) ->
    typename Runtime::template task<void> {
    counters counts;
    counts.accepted = 1;
    if (on_received != nullptr) {
        counts.bytes_received.call_on_received();
    }
    co_await source.session(worker, std::move(peer), values, counts);
    totals.add(counts);
}

/// The threads of a server: each builds its worker, reports that it is ready, and serves.
template <runtime Runtime>
class server {
public:
    /// Returns when every worker is ready to accept. With `lag_period` above 0 the loops' lag is
    /// probed that often. Throws what building a worker threw.
    server(session_source_maker<Runtime> make, const runtime_settings& settings,
           const params& values, listeners& listening, std::chrono::nanoseconds lag_period = {})
        : make_(make),
          settings_(settings),
          values_(values),
          lags_(lag_period.count() > 0 ? listening.sockets.size() : 0),
          workers_(listening.sockets.size()),
          built_(static_cast<std::ptrdiff_t>(workers_.size())) {
        for (std::size_t i = 0; i < workers_.size(); ++i) {
            threads_.emplace_back([this, i, fd = listening.sockets[i].get()] { work(i, fd); });
        }
        built_.wait();
        if (failure_) {
            stop();
            std::rethrow_exception(failure_);
        }
        if (!lags_.empty()) {
            try {
                clock_.emplace(listening, lag_period);
            } catch (...) {
                stop();
                throw;
            }
        }
    }
    ~server() { stop(); }
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// Stops accepting, lets the sessions finish, and returns when all workers have.
    void stop() {
        clock_.reset();
        for (const auto& worker : workers_) {
            if (Runtime* const running = worker.load()) {
                running->stop();
            }
        }
        if (!std::exchange(is_stopped_, true)) {
            told_to_stop_.count_down();
        }
        threads_.clear();
    }

    counters totals() const { return totals_.sum(); }
    /// The lags of all workers together; after stop().
    histogram lags() const {
        histogram all;
        for (const lag_log& each : lags_) {
            all.merge(each.lags());
        }
        return all;
    }
    /// Sessions that had to be aborted because they did not end within the drain deadline.
    std::size_t aborted_sessions() const { return aborted_; }
    /// The settings and notes of the first worker: all are built alike.
    const runtime_settings& configuration() const { return configuration_; }
    const std::vector<std::string>& notes() const { return notes_; }

private:
    void work(std::size_t index, int listener) {
        std::optional<Runtime> worker;
        std::unique_ptr<session_source<Runtime>> source;
        try {
            worker.emplace(settings_);
            source = make_(*worker, values_);
            if (index == 0) {
                configuration_ = worker->configuration();
                notes_ = worker->notes();
            }
            workers_[index].store(&*worker);
        } catch (...) {
            const std::lock_guard lock(failure_mutex_);
            failure_ = std::current_exception();
        }
        built_.count_down();
        if (!source) {
            return;
        }
        bool is_first = true;
        aborted_ += worker->serve(listener, [&](typename Runtime::stream peer) {
            if (!lags_.empty()) {
                lags_[index].accepted(totals_.sum().accepted != 0);
                if (std::exchange(is_first, false)) {
                    return lag_session<Runtime>(*worker, std::move(peer), lags_[index]);
                }
            }
            return counted_session(*worker, std::move(peer), values_, *source, totals_);
        });
        // serve() returns because of stop(), which may still be using the worker.
        told_to_stop_.wait();
        workers_[index].store(nullptr);
    }

    session_source_maker<Runtime> make_;
    const runtime_settings& settings_;
    const params& values_;
    server_totals totals_;
    std::vector<lag_log> lags_;  // one for each worker, or none
    std::optional<lag_clock> clock_;
    runtime_settings configuration_;
    std::vector<std::string> notes_;
    std::mutex failure_mutex_;
    std::exception_ptr failure_;
    std::atomic<std::size_t> aborted_{0};
    std::vector<std::atomic<Runtime*>> workers_;
    std::latch built_;
    std::latch told_to_stop_{1};
    bool is_stopped_ = false;
    std::vector<std::jthread> threads_;  // last: joined before the rest is destroyed
};

/// Throws contract_error for a command line that the workload cannot be served with.
template <runtime Runtime>
void refuse_what_does_not_fit(const catalog_entry<Runtime>& workload, const arguments& given) {
    if (workload.has_backend != (given.backend_port != 0)) {
        throw contract_error(
            contract_error::usage,
            workload.has_backend ? fmt::format("{} asks a backend", given.workload)
                                 : fmt::format("{} has no backend", given.workload),
            workload.has_backend ? "--backend-port N, where one listens on 127.0.0.1"
                                 : "leave out --backend-port");
    }
    if (given.workers > workload.workers_max) {
        throw contract_error(contract_error::usage,
                             fmt::format("{} takes at most {} worker(s), not {}", given.workload,
                                         workload.workers_max, given.workers));
    }
}

/// `PROGRAM serve`: prints `ready`, serves until told to stop, prints `done`.
template <runtime Runtime>
void serve(const catalog_entry<Runtime>& workload, const arguments& given) {
    const runtime_info info = Runtime::about();
    params values;
    values.rounds_per_us = given.rounds_per_us;
    values.backend_port = given.backend_port;
    refuse_what_does_not_fit(workload, given);
    runtime_settings settings;
    apply_settings(given.settings, workload.parameters, values, info.parameters, settings);

    const auto workers = static_cast<std::size_t>(given.workers);
    listeners listening = given.listen_name.empty()
                              ? listen_on(given.listen_address, given.listen_port, workers)
                              : listen_on_unix(given.listen_name, workers);
    std::optional<std::string> no_lag = loop_lag_obstacle(info);
    if (!no_lag && given.loop_lag_ms == 0) {
        no_lag = "not asked for (--loop-lag-ms)";
    } else if (!no_lag && !given.listen_name.empty()) {
        no_lag = "only over TCP, where each worker has a queue of its own";
    } else if (!no_lag && given.listen_port != 0) {
        no_lag = "only on a port of the system's choosing: others may connect to this one first";
    }
    server<Runtime> serving(workload.sessions, settings, values, listening,
                            std::chrono::milliseconds(no_lag ? 0 : given.loop_lag_ms));
    const effective_configuration effective{
        std::string(info.name), given.workload,          given.workers,
        listening.address,      workload.parameters,     values,
        info.parameters,        serving.configuration(), given.injection};
    print_line({{"event", "ready"},
                {"contract", contract_version},
                {"port", listening.port},
                {"pid", ::getpid()},
                {"effective", effective.to_json()},
                {"notes", with_injection_note(serving.notes())}});
    wait_for_stop();
    serving.stop();
    const counters totals = serving.totals();
    print_line({{"event", "done"},
                {"counters",
                 {{"accepted", totals.accepted},
                  {"requests", totals.requests},
                  {"bytes_received", std::uint64_t{totals.bytes_received}},
                  {"bytes_sent", totals.bytes_sent},
                  {"errors", totals.errors},
                  {"cancelled", totals.cancelled}}},
                {"aborted_sessions", serving.aborted_sessions()},
                {"injected", injected_json()},
                {"loop_lag", loop_lag_json(serving.lags(), no_lag)},
                {"notes", reached_limits()}});
}

}  // namespace regatta
