#include "harness/audit/truth.hpp"

#include <algorithm>
#include <cmath>

#include "harness/load/schedule.hpp"

namespace regatta::audit {
namespace {

double frozen_response_ns(const server_model& model, double fraction) {
    const auto delay = static_cast<double>(model.delay_ns);
    const auto freeze = static_cast<double>(model.freeze_ns);
    const double beyond = (1 - fraction) * static_cast<double>(model.period_ns);
    if (beyond >= freeze + delay) {
        return delay;
    }
    return beyond >= 2 * delay ? freeze + 2 * delay - beyond : freeze + delay - beyond / 2;
}

/// The root s of s = exp(-(1 - s) / load) below 1, by iteration from 0, which climbs to it.
double arrivals_that_wait(double load) {
    double share = 0;
    for (double before = -1; share - before > 1e-12;) {
        before = share;
        share = std::exp(-(1 - share) / load);
    }
    return share;
}

}  // namespace

std::string name_of(arrival_process process) {
    switch (process) {
        case arrival_process::poisson:
            return "poisson";
        case arrival_process::constant:
            return "constant";
        case arrival_process::paced:
            return "paced";
        case arrival_process::closed:
            break;
    }
    return "closed";
}

std::optional<double> true_response_ns(const server_model& model, arrival_process process,
                                       double rate_per_s, double fraction) {
    if (model.kind == server_kind::fixed) {
        return static_cast<double>(model.delay_ns);
    }
    if (model.kind == server_kind::freeze) {
        return frozen_response_ns(model, fraction);
    }
    const auto service_ns = static_cast<double>(model.service_ns_mean);
    const double load = rate_per_s * service_ns / 1e9;
    const bool is_open =
        process == arrival_process::poisson || process == arrival_process::constant;
    if (!is_open || load >= 1) {
        return std::nullopt;
    }
    const double waiting = process == arrival_process::poisson ? load : arrivals_that_wait(load);
    return -std::log1p(-fraction) * service_ns / (1 - waiting);
}

std::optional<double> chance_ns(const server_model& model, arrival_process process,
                                double rate_per_s, double seconds, double fraction) {
    const auto truth = true_response_ns(model, process, rate_per_s, fraction);
    if (model.kind != server_kind::freeze || process != arrival_process::poisson ||
        *truth <= static_cast<double>(model.delay_ns)) {
        return std::nullopt;
    }
    return static_cast<double>(model.period_ns) *
           std::sqrt((1 - fraction) / (rate_per_s * seconds));
}

std::vector<double> replayed_responses_ns(const server_model& model, arrival_process process,
                                          double rate_per_s, double seconds) {
    const bool is_open =
        process == arrival_process::poisson || process == arrival_process::constant;
    if (model.kind != server_kind::mm1 || !is_open) {
        return {};
    }
    load::schedule arrivals(name_of(process), {{1'000'000'000, rate_per_s}}, model.seed);
    reply_times server(model, 0);
    std::vector<double> responses;
    const auto end_ns = static_cast<std::uint64_t>(seconds * 1e9);
    for (std::uint64_t at = arrivals.next(); at < end_ns; at = arrivals.next()) {
        responses.push_back(static_cast<double>(server.due_ns(at) - at));
    }
    std::sort(responses.begin(), responses.end());
    return responses;
}

}  // namespace regatta::audit
