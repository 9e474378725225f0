#include "harness/audit/server_child.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "harness/failure.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/measure/histogram_json.hpp"

namespace regatta::audit {
namespace {

constexpr std::chrono::seconds child_patience{20};

child_options options_of(const server_model& model, const std::vector<int>& cpus) {
    const auto file = program_folder() / "regatta-audit-server";
    if (::access(file.c_str(), X_OK) != 0) {
        throw failure(fmt::format(
            "the server {} is missing: build it (target regatta-audit-server)", file.string()));
    }
    return {{file.string(), to_json(model).dump()}, {}, cpus};
}

}  // namespace

server_child::server_child(const server_model& model, const std::vector<int>& cpus)
    : model_(model), process_(options_of(model, cpus)), voice_{process_, "the server"} {
    port_ = await_event(voice_, "ready", clock_type::now() + child_patience).at("port").get<int>();
}

histogram server_child::stop() {
    process_.close_input();
    const std::chrono::nanoseconds silence(model_.freeze_ns);
    const auto done = await_event(voice_, "done", clock_type::now() + child_patience + silence);
    return histogram_from_json(done.at("lateness"));
}

}  // namespace regatta::audit
