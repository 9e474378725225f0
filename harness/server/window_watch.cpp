#include "harness/server/window_watch.hpp"

#include <algorithm>

#include "harness/measure/process_group.hpp"

namespace regatta {

using nlohmann::json;

namespace {

std::optional<double> waiting_in(const json& threads) {
    return threads.is_object() ? std::optional(threads.at("waiting_mean").get<double>())
                               : std::nullopt;
}

std::int64_t cpu_ns_of(const std::vector<pid_t>& processes) {
    std::int64_t sum = 0;
    for (const pid_t each : processes) {
        sum += process_cpu_ns(each).value_or(0);
    }
    return sum;
}

}  // namespace

window_watch::window_watch(std::optional<pid_t> server, const std::vector<pid_t>& generators,
                           std::optional<pid_t> backend, std::vector<int> cpus)
    : server_(server), generators_(generators), ours_(generators), cpus_(std::move(cpus)) {
    if (server) {
        ours_.push_back(*server);
        helpers_ = others_in_group(*server);
        ours_.insert(ours_.end(), helpers_.begin(), helpers_.end());
        perf_.emplace(*server);
    }
    if (backend) {
        ours_.push_back(*backend);
    }
    std::sort(cpus_.begin(), cpus_.end());
    cpus_.erase(std::unique(cpus_.begin(), cpus_.end()), cpus_.end());
}

void window_watch::begin() {
    begin_time_ = std::chrono::steady_clock::now();
    meter_.emplace(cpus_, ours_);
    if (server_) {
        threads_.emplace(*server_);
    }
    for (const pid_t each : generators_) {
        generator_threads_.emplace_back(each);
    }
    helpers_cpu_ns_ = -cpu_ns_of(helpers_);
    if (perf_) {
        perf_->begin();
    }
}

void window_watch::end() {
    length_ = std::chrono::steady_clock::now() - begin_time_;
    helpers_cpu_ns_ += cpu_ns_of(helpers_);
    load_ = meter_->stop();
    if (threads_) {
        threads_record_ = threads_->stop();
    }
    for (const thread_meter& each : generator_threads_) {
        if (const auto waiting = waiting_in(each.stop())) {
            generator_waiting_ = generator_waiting_.value_or(0) + *waiting;
        }
    }
    if (perf_) {
        perf_record_ = perf_->stop();
    }
}

std::optional<double> window_watch::server_waiting() const {
    return waiting_in(threads_record_);
}

std::optional<double> window_watch::generator_waiting() const {
    return generator_waiting_;
}

void window_watch::fill(json& record) const {
    if (load_) {
        record["cpu_set"] = {{"cpus", cpus_}, {"busy_share", load_->busy_share}};
    }
    if (server_) {
        record["server"]["threads"] = threads_record_;
        record["server"]["perf"] = perf_record_;
        record["server"]["processes"] = 1 + helpers_.size();
    }
}

void window_watch::fill_metrics(json& metrics, double replies) const {
    if (load_) {
        metrics["cpu_set_ns_per_op"] = load_->busy_share * static_cast<double>(cpus_.size()) *
                                       static_cast<double>(length_.count()) / replies;
    }
    if (threads_record_.is_object()) {
        metrics["server_threads_running"] = threads_record_.at("running_mean");
        metrics["server_threads_waiting"] = threads_record_.at("waiting_mean");
    }
    for (const char* event : {"instructions", "cycles", "cache_misses"}) {
        if (perf_record_.is_object() && perf_record_.at(event).is_number()) {
            metrics["server_" + std::string(event) + "_per_op"] =
                perf_record_.at(event).get<double>() / replies;
        }
    }
}

}  // namespace regatta
