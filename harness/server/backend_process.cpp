#include "harness/server/backend_process.hpp"

#include "harness/measure/build_info.hpp"

namespace regatta {
namespace {

runtime_entry backend_runtime() {
    runtime_entry runtime;
    runtime.name = "epoll";
    runtime.folder = program_folder() / "runtimes" / runtime.name;
    runtime.command = {"./" + runtime.name};
    return runtime;
}

}  // namespace

backend_process::backend_process(const benchmark& arm, std::int64_t rounds_per_us,
                                 const std::vector<int>& cpus)
    : runtime_(backend_runtime()) {
    benchmark own = default_benchmark(*find_workload(arm.workload->backend), runtime_);
    own.values = arm.workload->backend_values(arm.values);
    try {
        server_ = std::make_unique<server_process>(own, rounds_per_us, cpus);
    } catch (const trial_failure& reason) {
        throw trial_failure(std::string("the backend: ") + reason.what());
    }
}

std::optional<std::string> backend_process::stop() {
    auto complaint = server_->stop();
    return complaint ? std::optional("the backend: " + *complaint) : std::nullopt;
}

std::unique_ptr<backend_process> start_backend(const benchmark& arm, std::int64_t rounds_per_us,
                                               const std::vector<int>& cpus) {
    return arm.workload->backend.empty()
               ? nullptr
               : std::make_unique<backend_process>(arm, rounds_per_us, cpus);
}

}  // namespace regatta
