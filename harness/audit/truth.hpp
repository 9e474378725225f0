#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/audit/server_model.hpp"

namespace regatta::audit {

/// When a tool sends its requests.
enum class arrival_process {
    poisson,   ///< open loop: independent of each other and of the replies
    constant,  ///< open loop: evenly spaced, whatever the replies do
    paced,     ///< closed loop that waits until its connection's next turn
    closed,    ///< closed loop: at the reply
};

/// "poisson", "constant", "paced", "closed".
std::string name_of(arrival_process process);

/// The response time in ns that a `fraction` (0 to 1) of the arrivals at `rate_per_s` do not
/// exceed, the network and all programs being infinitely fast.
///
/// - fixed, d = delay: d.
/// - freeze, of length F in each period P: who comes at any time with the same probability finds
/// the
///   server frozen with a rest r, uniform in (0, F], with probability F/P, and is answered after
///   r + d; who comes less than d before a freeze waits F longer. Together P(R > x) =
///   (F + 2d - x) / P for d <= x <= F, hence the percentile p is F + 2d - (1 - p) P. With d = 0.5
///   ms, F = 1 s, P = 10 s: p50 0.5, p95 501, p99 901, p99.9 991 ms. Above F the last request
///   before the freeze adds another part: P(R > x) = 2 (F + d - x) / P. A closed loop is measured
///   against the same figures, although it holds back the requests that would have met the freeze:
///   what it leaves out is its error.
/// - mm1, Poisson: the response time of M/M/1 is exponential with mean 1 / (mu - lambda). Constant
///   arrivals, D/M/1: exponential with mean 1 / (mu (1 - s)), s = exp(-(mu / lambda) (1 - s)), s <
///   1 (Kleinrock, Queueing Systems 1, 1975, sections 3.2 and 6.4). Nothing for closed loops: what
///   they wait for each other depends on them, not on a rate. Nothing where lambda >= mu.
std::optional<double> true_response_ns(const server_model& model, arrival_process process,
                                       double rate_per_s, double fraction);

/// The standard deviation in ns, by chance alone, of the percentile `fraction` of `seconds` of
/// Poisson arrivals at a server that freezes: with n = rate x seconds, sqrt(n (1 - p)) arrivals
/// more or fewer beyond the percentile, of which n / P come in each unit of time, hence P sqrt((1 -
/// p) / n). Nothing below the freeze, where there is no chance in it, and elsewhere.
std::optional<double> chance_ns(const server_model& model, arrival_process process,
                                double rate_per_s, double seconds, double fraction);

/// Response times in ns, ascending, of a queue (`mm1`) that gets exactly the requests of our
/// generator and serves each exactly as long as the server does: the arrivals and the service times
/// that `model.seed` makes, from the first on. So chance plays no part in how far a measurement is
/// from it, however few requests there are. Empty for other servers, and for arrivals that wait.
std::vector<double> replayed_responses_ns(const server_model& model, arrival_process process,
                                          double rate_per_s, double seconds);

}  // namespace regatta::audit
