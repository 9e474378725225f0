#include "harness/micro/shared/echo_trial.hpp"

#include <fmt/format.h>

#include "harness/measure/build_info.hpp"
#include "harness/server/generator_process.hpp"
#include "workloads/echo.hpp"

namespace regatta::micro {
namespace {

benchmark echo_benchmark(const echo_load& load) {
    benchmark arm;
    arm.workload = find_workload(workloads::echo::name);
    arm.values.values[workloads::echo::size] = load.size_bytes;
    arm.connections = load.connections;
    return arm;
}

trial_settings settings_of(const echo_load& load) {
    trial_settings settings;
    settings.warmup = load.warmup;
    settings.measure = load.measure;
    settings.generator_engine = "io_uring";
    settings.generator = program_folder().parent_path() / "regatta-load";
    settings.seed = load.seed;
    return settings;
}

}  // namespace

echo_figures run_echo_trial(const arm& server, const echo_load& load, const placement& placed) {
    echo_server running(server, {}, placed.server_cpus);
    generator_process generator(
        echo_benchmark(load), settings_of(load), placed,
        served_at{server.address, running.port(), running.pid(), &running.voice()});
    generator.await_connected();
    generator.begin();
    generator.await_measured();
    const nlohmann::json result = generator.finish();
    running.stop();
    if (const auto errors = client_counts_of(result).error_count(); errors != 0) {
        throw trial_failure(fmt::format("{}: {} errors at the client: {}", server.name, errors,
                                        result.at("client").at("errors").dump()));
    }
    const auto replies = result.at("replies_measured").get<double>();
    if (replies == 0 || result.at("server_cpu_ns").is_null()) {
        throw trial_failure(server.name + ": not one reply came in the measured window");
    }
    return {replies * 1e9 / result.at("measured_ns").get<double>(),
            result.at("server_cpu_ns").get<double>() / replies};
}

}  // namespace regatta::micro
