#include "harness/measure/validity.hpp"

#include <cmath>

#include <fmt/format.h>

namespace regatta {
namespace {

// The limits; harness/README.md gives the reasons for them.
constexpr double ceiling_tolerance = 1.005;
constexpr double littles_law_tolerance = 0.02;
constexpr double cut_share_told = 0.02;
constexpr double generator_bound_share = 0.95;
constexpr double server_bound_share = 0.90;
constexpr double rate_limited_share = 0.90;
constexpr double foreign_share_max = 0.10;
constexpr double steal_share_max = 0.02;

double percent(double share) {
    return share * 100;
}

/// An open loop's unanswered requests are no error: they stand in the percentiles.
void check_errors(const client_counts& client, bool is_open, std::vector<std::string>& reasons) {
    std::string kinds;
    for (const auto& [kind, count] : client.errors) {
        if (count != 0 && !(is_open && kind == "timeout")) {
            kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", count, kind);
        }
    }
    if (!kinds.empty()) {
        reasons.push_back(
            fmt::format("the generator saw errors in {} requests: {}", client.requests, kinds));
    }
}

void check_counters(const client_counts& client, const counters& server,
                    std::vector<std::string>& reasons) {
    const auto same = [&](const char* what, std::uint64_t ours, std::uint64_t theirs) {
        if (ours != theirs) {
            reasons.push_back(
                fmt::format("the generator counted {} {}, the server {}", ours, what, theirs));
        }
    };
    same("connections", client.connections, server.accepted);
    same("replies", client.replies, server.requests);
    same("bytes sent to the server", client.bytes_sent, server.bytes_received);
    same("bytes received from it", client.bytes_received, server.bytes_sent);
    if (server.errors != 0) {
        reasons.push_back(fmt::format("the server counted {} failed sessions", server.errors));
    }
}

/// The same where the generator closed connections on requests that were still being answered: what
/// was on its way is counted by one side only.
void check_overloaded_counters(const client_counts& client, const counters& server,
                               std::vector<std::string>& reasons) {
    const auto between = [&](const char* what, std::uint64_t least, std::uint64_t count,
                             std::uint64_t most) {
        if (count < least || count > most) {
            reasons.push_back(fmt::format("the server counted {} {}, and there were {} to {}",
                                          count, what, least, most));
        }
    };
    between("connections", client.connections, server.accepted, client.connections);
    between("replies", client.replies, server.requests, client.requests);
    between("bytes received", 0, server.bytes_received, client.bytes_sent);
    if (server.bytes_sent < client.bytes_received) {
        reasons.push_back(fmt::format("the server counted {} bytes sent, and {} came",
                                      server.bytes_sent, client.bytes_received));
    }
}

bool has_timeouts(const client_counts& client) {
    const auto found = client.errors.find("timeout");
    return found != client.errors.end() && found->second != 0;
}

void check_ceiling(const trial_evidence& evidence, std::vector<std::string>& reasons) {
    // A window may cut off the beginning of requests on each connection: these are allowed.
    const double most = evidence.ceiling_per_s * ceiling_tolerance * evidence.window_s +
                        static_cast<double>(evidence.replies_at_edges);
    const auto replies = static_cast<double>(evidence.replies_measured);
    if (replies > most) {
        reasons.push_back(
            fmt::format("it answers too early: {:.0f} replies/s, and no server can exceed {:.0f}",
                        replies / evidence.window_s, evidence.ceiling_per_s));
    }
}

/// Each of these replies may be right, and so many of them not: as from a server that refuses all.
void check_apart(const trial_evidence& evidence, std::vector<std::string>& reasons) {
    const apart_evidence& apart = *evidence.apart;
    // What an open loop sends in its window may be done after it, and what it has given up is in
    // nobody's books.
    const double least = evidence.open ? 0 : apart.expected.least;
    const double most = evidence.open && has_timeouts(evidence.client)
                            ? static_cast<double>(apart.replies)
                            : apart.expected.most;
    const auto count = static_cast<double>(apart.count);
    if (count < least || count > most) {
        reasons.push_back(fmt::format("{} of {} replies were {}, and it must be {:.0f} to {:.0f}",
                                      apart.count, apart.replies, apart.which, std::ceil(least),
                                      std::floor(most)));
    }
}

void check_littles_law(const trial_evidence& evidence, std::vector<std::string>& reasons) {
    const double rate = static_cast<double>(evidence.replies_measured) / evidence.window_s;
    const double implied = rate * evidence.latency_s_mean;
    // The law is exact once the requests that the window's ends cut are taken into account; what is
    // left can only be a mistake in the generator's books.
    const double expected = evidence.mean_in_flight + evidence.cut_in_flight;
    if (std::abs(implied - expected) > littles_law_tolerance * expected) {
        reasons.push_back(
            fmt::format("Little's law fails: {:.2f} requests were in flight, and "
                        "rate x mean latency is {:.2f}",
                        evidence.mean_in_flight, implied));
    }
}

/// The law is kept only with what the window's ends cut. Where that is much, some requests were far
/// older than others when the window ended, or it is short beside a request: then rate and latency
/// are of another load than the connections that were asked for.
void warn_of_cut_requests(const trial_evidence& evidence, std::vector<std::string>& warnings) {
    const double share = std::abs(evidence.cut_in_flight) / evidence.mean_in_flight;
    if (evidence.mean_in_flight > 0 && share > cut_share_told) {
        warnings.push_back(fmt::format(
            "{:.0f} requests were in flight, and rate x mean latency makes {:.0f}: those that the "
            "window's ends cut are {:.0f} % of its work. Some connections were starved, or the "
            "window is short (--measure)",
            evidence.mean_in_flight, evidence.mean_in_flight + evidence.cut_in_flight,
            percent(share)));
    }
}

/// An open loop that is kept up with is limited by its schedule.
std::string open_loop_saturation(const open_loop_evidence& open, bool shares_cpu) {
    if (!open.is_saturated()) {
        return "rate-limited";
    }
    if (!open.spins && open.generator_cpu_share >= generator_bound_share) {
        return "generator-bound";
    }
    return shares_cpu ? "machine-shared" : "server-bound";
}

std::optional<std::string> saturation_of(const trial_evidence& evidence) {
    const double rate = static_cast<double>(evidence.replies_measured) / evidence.window_s;
    const double server_share = evidence.server_cpu_share.value_or(0);
    if (rate >= rate_limited_share * evidence.ceiling_per_s) {
        return "rate-limited";
    }
    if (evidence.open) {
        return open_loop_saturation(*evidence.open, evidence.shares_cpu);
    }
    // Where each has its own CPU, what it could not get of it for other programs counts as used: it
    // had no time to spare. Where they share one, each waits for the other.
    const double generator_wait = evidence.shares_cpu ? 0 : evidence.generator_wait_share;
    const double server_wait = evidence.shares_cpu ? 0 : evidence.server_wait_share;
    if (evidence.generator_cpu_share + generator_wait >= generator_bound_share &&
        server_share + server_wait < server_bound_share) {
        return "generator-bound";
    }
    if (evidence.shares_cpu) {
        return "machine-shared";
    }
    if (server_share >= server_bound_share) {
        return "server-bound";
    }
    if (!evidence.server_cpu_share) {
        return std::nullopt;
    }
    // Neither side used up its CPU: where other programs or a queue of the server's own threads had
    // the rest of both, that is no matter of waiting for replies.
    return evidence.generator_cpu_share + generator_wait >= generator_bound_share ? "machine-shared"
                                                                                  : "latency-bound";
}

}  // namespace

std::uint64_t client_counts::error_count() const {
    std::uint64_t sum = 0;
    for (const auto& [kind, count] : errors) {
        sum += count;
    }
    return sum;
}

std::vector<std::string> disturbances(std::optional<double> foreign_cpu_share,
                                      std::optional<double> steal_share) {
    std::vector<std::string> sentences;
    if (foreign_cpu_share.value_or(0) > foreign_share_max) {
        sentences.push_back(fmt::format("other programs used {:.0f} % of the trial's CPUs",
                                        percent(*foreign_cpu_share)));
    }
    if (steal_share.value_or(0) > steal_share_max) {
        sentences.push_back(fmt::format("the hypervisor kept back {:.0f} % of the trial's CPUs",
                                        percent(*steal_share)));
    }
    return sentences;
}

std::vector<std::string> refusals_of(const std::vector<std::string>& disturbances) {
    std::vector<std::string> reasons;
    for (const std::string& each : disturbances) {
        reasons.push_back(each + "; make it quiet, or --allow-busy-machine keeps such trials");
    }
    return reasons;
}

verdict judge(const trial_evidence& evidence) {
    verdict found;
    check_errors(evidence.client, evidence.open.has_value(), found.reasons);
    if (!evidence.server) {
        // Only the client's side can be judged.
    } else if (evidence.open && has_timeouts(evidence.client)) {
        check_overloaded_counters(evidence.client, *evidence.server, found.reasons);
    } else {
        check_counters(evidence.client, *evidence.server, found.reasons);
    }
    check_ceiling(evidence, found.reasons);
    if (evidence.apart) {
        check_apart(evidence, found.reasons);
    }
    std::vector<std::string> transient;
    const auto disturbed = disturbances(evidence.foreign_cpu_share, evidence.steal_share);
    found.is_machine_busy = evidence.refuses_busy_machine && !disturbed.empty();
    if (found.is_machine_busy) {
        transient = refusals_of(disturbed);
    } else {
        found.warnings = disturbed;
    }
    if (evidence.open) {
        const open_loop_verdict open = judge_open_loop(*evidence.open);
        found.reasons.insert(found.reasons.end(), open.reasons.begin(), open.reasons.end());
        found.warnings.insert(found.warnings.end(), open.warnings.begin(), open.warnings.end());
        transient.insert(transient.end(), open.transient.begin(), open.transient.end());
    } else {
        check_littles_law(evidence, transient);
        warn_of_cut_requests(evidence, found.warnings);
        if (evidence.generator_cpu_share > generator_busy_share) {
            found.warnings.push_back(fmt::format(
                "the generator was busy {:.0f} % of the time: the server may be able to do more",
                percent(evidence.generator_cpu_share)));
        }
    }
    found.is_transient = found.reasons.empty() && !transient.empty();
    found.reasons.insert(found.reasons.end(), transient.begin(), transient.end());
    found.saturation = saturation_of(evidence);
    return found;
}

}  // namespace regatta
