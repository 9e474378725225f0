#pragma once

#include <unistd.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "runtimes/main/control.hpp"
#include "runtimes/main/lines.hpp"
#include "runtimes/main/listening.hpp"

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
template <class Workload, runtime Runtime>
auto counted_session(Runtime& worker, typename Runtime::stream peer, const params& values,
                     server_totals& totals) -> typename Runtime::template task<void> {
    counters counts;
    counts.accepted = 1;
    co_await Workload::template session<Runtime>(worker, std::move(peer), values, counts);
    totals.add(counts);
}

/// The threads of a server: each builds its worker, reports that it is ready, and serves.
template <class Workload, runtime Runtime>
class server {
public:
    /// Returns when every worker is ready to accept. Throws what building a worker threw.
    server(const runtime_settings& settings, const params& values, listeners& listening)
        : settings_(settings),
          values_(values),
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
    }
    ~server() { stop(); }
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// Stops accepting, lets the sessions finish, and returns when all workers have.
    void stop() {
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
    /// Sessions that had to be aborted because they did not end within the drain deadline.
    std::size_t aborted_sessions() const { return aborted_; }
    /// The settings and notes of the first worker: all are built alike.
    const runtime_settings& configuration() const { return configuration_; }
    const std::vector<std::string>& notes() const { return notes_; }

private:
    void work(std::size_t index, int listener) {
        std::optional<Runtime> worker;
        try {
            worker.emplace(settings_);
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
        if (!worker) {
            return;
        }
        aborted_ += worker->serve(listener, [this, &worker](typename Runtime::stream peer) {
            return counted_session<Workload, Runtime>(*worker, std::move(peer), values_, totals_);
        });
        // serve() returns because of stop(), which may still be using the worker.
        told_to_stop_.wait();
        workers_[index].store(nullptr);
    }

    const runtime_settings& settings_;
    const params& values_;
    server_totals totals_;
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

/// `PROGRAM serve`: prints `ready`, serves until told to stop, prints `done`.
template <class Workload, runtime Runtime>
void serve(const arguments& given) {
    const runtime_info info = Runtime::about();
    params values;
    values.rounds_per_us = given.rounds_per_us;
    runtime_settings settings;
    apply_settings(given.settings, Workload::parameters, values, info.parameters, settings);

    listeners listening =
        listen_on(given.listen_address, given.listen_port, static_cast<std::size_t>(given.workers));
    server<Workload, Runtime> serving(settings, values, listening);
    const effective_configuration effective{
        std::string(info.name), given.workload,
        given.workers,          fmt::format("{}:{}", given.listen_address, listening.port),
        Workload::parameters,   values,
        info.parameters,        serving.configuration()};
    print_line({{"event", "ready"},
                {"contract", contract_version},
                {"port", listening.port},
                {"pid", ::getpid()},
                {"effective", effective.to_json()},
                {"notes", serving.notes()}});
    wait_for_stop();
    serving.stop();
    const counters totals = serving.totals();
    print_line({{"event", "done"},
                {"counters",
                 {{"accepted", totals.accepted},
                  {"requests", totals.requests},
                  {"bytes_received", totals.bytes_received},
                  {"bytes_sent", totals.bytes_sent},
                  {"errors", totals.errors}}},
                {"aborted_sessions", serving.aborted_sessions()}});
}

}  // namespace regatta
