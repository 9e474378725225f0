#include "harness/cli/target.hpp"

#include <charconv>
#include <map>
#include <memory>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "harness/plan/expand.hpp"
#include "harness/plan/nearest.hpp"
#include "harness/plan/split.hpp"

namespace regatta::cli {
namespace {

constexpr const char* runtime_name = "target";
constexpr int port_max = 65535;

struct resolved_host {
    std::string address;
    bool is_loopback = false;
};

resolved_host resolve(const std::string& host) {
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
        throw usage_failure(
            fmt::format("--target: '{}' is no IPv4 host: {}", host, ::gai_strerror(error)));
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
    const in_addr address = reinterpret_cast<const sockaddr_in*>(found->ai_addr)->sin_addr;
    char text[INET_ADDRSTRLEN] = {};
    ::inet_ntop(AF_INET, &address, text, sizeof text);
    return {text, ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET};
}

server_target parse_target(const target_options& options) {
    const std::string& text = *options.target;
    const std::size_t colon = text.rfind(':');
    int port = 0;
    if (colon != std::string::npos) {
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
        port = error == std::errc() && stop == end ? port : 0;
    }
    if (colon == 0 || port < 1 || port > port_max) {
        throw usage_failure(
            fmt::format("--target takes HOST:PORT, like 127.0.0.1:8080, not '{}'", text));
    }
    const resolved_host host = resolve(text.substr(0, colon));
    if (!host.is_loopback && !options.is_remote_allowed) {
        throw usage_failure(
            fmt::format("--target {}: {} is not on this machine; where it may be put "
                        "under load, say so with --remote",
                        text, host.address));
    }
    return {host.address, port};
}

const workload_info& workload_of(const target_options& options) {
    std::vector<std::string> names;
    for (const workload_info& each : all_workload_info()) {
        if (each.kind == workload_kind::server && each.backend.empty()) {
            names.push_back(each.name);
        }
    }
    if (!options.workload) {
        throw usage_failure(fmt::format("--target needs --workload: what does it serve? {}",
                                        nearest_first("echo", names)));
    }
    const workload_info* found = find_workload(*options.workload);
    if (found == nullptr || found->kind != workload_kind::server) {
        throw usage_failure(fmt::format("--workload {}: no such server workload; there are: {}",
                                        *options.workload,
                                        nearest_first(*options.workload, names)));
    }
    if (!found->backend.empty()) {
        throw usage_failure(
            fmt::format("--workload {}: its server asks a backend, which only a server that is "
                        "started here gets; there are: {}",
                        found->name, nearest_first(found->name, names)));
    }
    return *found;
}

}  // namespace

void declare(CLI::App& command, target_options& options) {
    command
        .add_option("--target", options.target,
                    "load a server that runs already, instead of runtimes")
        ->type_name("HOST:PORT");
    command.add_option("--workload", options.workload, "what the target serves")->type_name("NAME");
    command.add_flag("--remote", options.is_remote_allowed,
                     "the target may be beyond this machine: it will be put under load");
}

runtime_entry target_runtime(const target_options& options) {
    const workload_info& workload = workload_of(options);
    runtime_entry runtime;
    runtime.name = runtime_name;
    runtime.target = parse_target(options);
    runtime.workloads[workload.name] = {true, ""};
    return runtime;
}

selection select_target(const target_options& options,
                        const std::vector<std::pair<std::string, std::string>>& overrides,
                        const std::vector<runtime_entry>& target) {
    suite_entry entry{&workload_of(options), {}, {}};
    const benchmark plain = default_benchmark(*entry.workload, target.front());
    for (const auto& [name, value] : overrides) {
        if (!has_parameter(plain, name)) {
            std::vector<std::string> names;
            for (const parameter& each : common_parameters(*entry.workload)) {
                names.emplace_back(each.name);
            }
            throw usage_failure(fmt::format("{} has no parameter '{}'; it has: {}",
                                            entry.workload->name, name,
                                            nearest_first(name, names)));
        }
        std::erase_if(entry.axes,
                      [&, &name = name](const axis& each) { return each.parameter == name; });
        entry.axes.push_back(
            {name, is_pattern_parameter(name) ? std::vector{value} : split(value, ',')});
    }
    selection chosen;
    std::map<std::string, std::string> notes;
    chosen.benchmarks = expand(entry, target, notes);
    return chosen;
}

}  // namespace regatta::cli
