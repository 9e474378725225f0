#include "harness/record/run_record.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>

#include <fmt/chrono.h>

#include "harness/measure/build_info.hpp"
#include "harness/measure/digest.hpp"
#include "harness/measure/machine.hpp"
#include "harness/measure/metrics.hpp"
#include "harness/server/runtime_catalog.hpp"
#include "harness/server/trial.hpp"

namespace regatta {
namespace {

using nlohmann::json;

json runtime_record(const runtime_entry& runtime) {
    const auto program = program_of(runtime);
    return {{"name", runtime.name},
            {"program", program.empty() ? json() : json(program.string())},
            {"sha256", json_or_null(sha256_of_file(program))},
            {"describe", runtime.description}};
}

/// The folder that relative paths start from; null when it was taken away.
json directory_record() {
    std::error_code error;
    const auto folder = std::filesystem::current_path(error);
    return error ? json() : json(folder.string());
}

/// How long each of `benchmarks` is measured; null where the request does not say.
json windows_record(const run_request& request, const std::vector<benchmark>& benchmarks) {
    if (!request.measure) {
        return nullptr;
    }
    json windows = json::array();
    for (const benchmark& each : benchmarks) {
        windows.push_back(each.measure_s ? std::llround(*each.measure_s * 1e9)
                                         : request.measure->count());
    }
    return windows;
}

/// The kind of run: the verb that was asked for.
json verb_of(const std::vector<std::string>& argv) {
    return argv.size() > 1 ? json(argv[1]) : json();
}

}  // namespace

std::string make_run_id(std::uint64_t seed) {
    return fmt::format("{:%Y%m%dT%H%M%SZ}-{:04x}", fmt::gmtime(std::time(nullptr)), seed & 0xffff);
}

json instrument_record() {
    json record = build_record();
    record["sha256"] = json_or_null(sha256_of_file("/proc/self/exe"));
    record["generator_sha256"] = json_or_null(sha256_of_file(program_folder() / "regatta-load"));
    return record;
}

json run_record(const std::string& run_id, const run_request& request,
                const std::vector<benchmark>& benchmarks) {
    json names = json::array();
    json runtimes = json::array();
    std::vector<const runtime_entry*> seen;
    for (const benchmark& each : benchmarks) {
        names.push_back(each.name());
        if (std::find(seen.begin(), seen.end(), each.runtime) == seen.end()) {
            seen.push_back(each.runtime);
            runtimes.push_back(runtime_record(*each.runtime));
        }
    }
    return {{"run_id", run_id},
            {"started_at", time_now()},
            {"verb", verb_of(request.argv)},
            {"argv", request.argv},
            {"directory", directory_record()},
            {"suite", request.suite},
            {"filter", request.filter},
            {"seed", request.seed},
            {"rounds", request.rounds},
            {"warmup_ns", request.warmup ? json(request.warmup->count()) : json()},
            {"measure_ns", windows_record(request, benchmarks)},
            {"regatta", instrument_record()},
            {"machine", machine_record()},
            {"allows_busy_machine", request.allows_busy_machine},
            {"placement", to_json(place(request.placement, usable_cpus(), 1, true))},
            {"calibration", {{"rounds_per_us", request.rounds_per_us}}},
            {"runtimes", std::move(runtimes)},
            {"benchmarks", std::move(names)}};
}

}  // namespace regatta
