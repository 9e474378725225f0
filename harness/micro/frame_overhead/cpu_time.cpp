#include "harness/micro/frame_overhead/cpu_time.hpp"

#include <random>

#include "harness/measure/cpu_time.hpp"
#include "harness/micro/frame_overhead/echo_client.hpp"

namespace regatta::overhead {
namespace {

std::int64_t cpu_ns(const echo_server& server) {
    const auto spent = process_cpu_ns(server.pid());
    if (!spent) {
        throw trial_failure("a server ended during its trial");
    }
    return *spent;
}

double trial(const arm& server, const placement& placed, const cpu_time_options& options) {
    echo_server running(server, {}, placed.server_cpus);
    double per_request = 0;
    {
        echo_client client(running.port(), options.connections);
        client.run(options.requests / 10);  // warm-up
        const std::int64_t before = cpu_ns(running);
        const std::uint64_t answered = client.run(options.requests);
        per_request = static_cast<double>(cpu_ns(running) - before) / static_cast<double>(answered);
    }
    running.stop();
    return per_request;
}

}  // namespace

std::vector<std::pair<double, double>> cpu_time_pairs(const arm& control, const arm& shared,
                                                      const placement& placed,
                                                      const cpu_time_options& options) {
    std::mt19937_64 random(options.seed);
    std::vector<std::pair<double, double>> pairs(options.pairs);
    for (auto& [of_control, of_shared] : pairs) {
        if (random() % 2 == 0) {
            of_control = trial(control, placed, options);
            of_shared = trial(shared, placed, options);
        } else {
            of_shared = trial(shared, placed, options);
            of_control = trial(control, placed, options);
        }
    }
    return pairs;
}

}  // namespace regatta::overhead
