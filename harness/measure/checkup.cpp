#include "harness/measure/checkup.hpp"

#include <cstdio>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "harness/measure/cpu_time.hpp"
#include "harness/measure/machine.hpp"
#include "harness/measure/probes.hpp"
#include "harness/measure/proc_file.hpp"
#include "harness/plan/placement.hpp"

namespace regatta {
namespace {

using grade = finding::grade;
using nlohmann::json;

std::string text_of(const json& value) {
    if (value.is_null()) {
        return "unknown";
    }
    return value.is_string() ? value.get<std::string>() : value.dump();
}

std::optional<std::int64_t> number_in(const std::string& file) {
    const auto text = read_kernel_file(file);
    const auto value = text ? labelled_number("x" + *text, "x") : std::nullopt;
    return value ? std::optional(static_cast<std::int64_t>(*value)) : std::nullopt;
}

/// A limit that is OK from `enough` on.
finding at_least(std::string subject, std::optional<std::int64_t> value, std::int64_t enough,
                 std::string advice) {
    if (!value) {
        return {std::move(subject), "unknown", grade::ok, ""};
    }
    if (*value >= enough) {
        return {std::move(subject), std::to_string(*value), grade::ok, ""};
    }
    return {std::move(subject), std::to_string(*value), grade::note, std::move(advice)};
}

finding cpus(const json& machine) {
    const std::vector<int> usable = usable_cpus();
    finding found{"CPUs", fmt::format("{} of {} usable", usable.size(),
                                      machine.at("cpus_online").get<long>())};
    if (usable.size() < 2) {
        found.severity = grade::problem;
        found.advice =
            "server and generator share it: compare only within one run, use "
            "--placement same-core";
    } else if (usable.size() == 2) {
        found.severity = grade::note;
        found.advice = "one for the server, one for the generator; more workers share with it";
    }
    return found;
}

finding smt(const json& machine) {
    const std::string state = text_of(machine.at("smt"));
    if (state == "on") {
        return {"SMT", state, grade::note,
                "two CPUs may be one core: turn it off with echo off > "
                "/sys/devices/system/cpu/smt/control"};
    }
    return {"SMT", state};
}

finding governor(const json& machine) {
    const std::string name = text_of(machine.at("governor"));
    if (name == "unknown") {
        return {"frequency governor", "none visible", grade::note,
                "a virtual machine hides it: the frequency is the host's affair"};
    }
    if (name == "performance") {
        return {"frequency governor", name};
    }
    return {"frequency governor", name, grade::problem, "cpupower frequency-set -g performance"};
}

finding turbo() {
    const auto no_turbo = number_in("/sys/devices/system/cpu/intel_pstate/no_turbo");
    const auto boost = number_in("/sys/devices/system/cpu/cpufreq/boost");
    if (!no_turbo && !boost) {
        return {"turbo", "none visible"};
    }
    if ((no_turbo && *no_turbo == 0) || (boost && *boost == 1)) {
        return {"turbo", "on", grade::note,
                fmt::format("the clock follows the heat: echo {}",
                            no_turbo ? "1 > /sys/devices/system/cpu/intel_pstate/no_turbo"
                                     : "0 > /sys/devices/system/cpu/cpufreq/boost")};
    }
    return {"turbo", "off"};
}

finding clock_source(const json& machine) {
    const std::string name = text_of(machine.at("clock_source"));
    const bool is_fast = name == "tsc" || name == "kvm-clock" || name == "arch_sys_counter" ||
                         name == "hyperv_clocksource_tsc_page";
    if (is_fast || name == "unknown") {
        return {"clock source", name};
    }
    return {"clock source", name, grade::problem,
            "each reading of the clock is a system call: boot with clocksource=tsc"};
}

finding mitigations(const json& machine) {
    int active = 0;
    for (const auto& [name, state] : machine.at("mitigations").items()) {
        active += text_of(state).find("Mitigation") != std::string::npos ? 1 : 0;
    }
    if (active == 0) {
        return {"CPU mitigations", "none active"};
    }
    return {"CPU mitigations", fmt::format("{} active", active), grade::note,
            "system calls cost more than without them; on record, no fix needed"};
}

finding huge_pages(const json& machine) {
    const std::string mode = text_of(machine.at("transparent_hugepages"));
    if (mode == "always") {
        return {"transparent huge pages", mode, grade::note,
                "memory per connection jumps in steps of 2 MiB: echo madvise > "
                "/sys/kernel/mm/transparent_hugepage/enabled"};
    }
    return {"transparent huge pages", mode};
}

std::vector<finding> limits(const json& machine) {
    const auto limit = [&](const char* name) -> std::optional<std::int64_t> {
        const json& value = machine.at("limits").at(name);
        return value.is_null() ? std::nullopt : std::optional(value.get<std::int64_t>());
    };
    std::vector<finding> found{
        at_least("open files", limit("nofile_hard"), 11'000,
                 "10,000 connections need more: LimitNOFILE, or nofile in limits.conf"),
        at_least("processes of this user", limit("nproc_soft"), 12'000,
                 "limits runtimes with a thread for each connection: ulimit -u"),
        at_least("pid_max", number_in("/proc/sys/kernel/pid_max"), 65'536,
                 "about as many threads fit in the machine: sysctl kernel.pid_max=4194304"),
        at_least("threads-max", number_in("/proc/sys/kernel/threads-max"), 65'536,
                 "as many threads fit in the machine: sysctl kernel.threads-max=200000"),
        at_least("listen backlog", number_in("/proc/sys/net/core/somaxconn"), 1'024,
                 "bursts of connections are refused: sysctl net.core.somaxconn=4096")};
    if (found.front().severity != grade::ok && limit("nofile_hard").value_or(0) < 64) {
        found.front().severity = grade::impossible;
    }
    return found;
}

finding ephemeral_ports(const json& machine) {
    const std::string range = text_of(machine.at("sysctl").at("ip_local_port_range"));
    long first = 0;
    long last = 0;
    if (std::sscanf(range.c_str(), "%ld %ld", &first, &last) != 2) {
        return {"ephemeral ports", range};
    }
    finding found = at_least("ephemeral ports", last - first + 1, 20'000,
                             "limits connections to one server: sysctl "
                             "net.ipv4.ip_local_port_range='1024 65535'");
    found.value += fmt::format(" ({}-{})", first, last);
    return found;
}

finding congestion_control(const json& machine) {
    const std::string name = text_of(machine.at("sysctl").at("tcp_congestion_control"));
    if (name == "bbr") {
        return {"TCP congestion control", name, grade::note,
                "costs 1-4 % on loopback: sysctl net.ipv4.tcp_congestion_control=cubic"};
    }
    return {"TCP congestion control", name};
}

finding io_uring_state() {
    if (const auto obstacle = io_uring_obstacle()) {
        return {"io_uring", "does not work", grade::problem,
                *obstacle +
                    "; its runtimes are left out and the generator uses epoll (sysctl "
                    "kernel.io_uring_disabled=0)"};
    }
    return {"io_uring", "works"};
}

finding perf_counters() {
    if (const auto obstacle = perf_counters_obstacle()) {
        return {"hardware counters", "not readable", grade::note,
                *obstacle + "; instructions and cycles are not recorded"};
    }
    return {"hardware counters", "readable"};
}

std::vector<finding> load_now() {
    const foreign_load_meter meter(usable_cpus(), {});
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    const auto load = meter.stop();
    if (!load) {
        return {{"load of other programs", "unknown"}};
    }
    finding foreign{"load of other programs",
                    fmt::format("{:.0f} % of the CPUs", load->cpu_share * 100)};
    if (load->cpu_share > 0.10) {
        foreign.severity = grade::problem;
        foreign.advice = "stop them first: top shows who it is";
    } else if (load->cpu_share > 0.03) {
        foreign.severity = grade::note;
        foreign.advice = "above 10 % a trial is repeated, and then invalid";
    }
    finding steal{"stolen by the hypervisor",
                  fmt::format("{:.1f} % of the CPUs", load->steal_share * 100)};
    if (load->steal_share > 0.02) {
        steal.severity = grade::problem;
        steal.advice = "a neighbour on the host is busy: measure later, or on another host";
    }
    return {foreign, steal};
}

}  // namespace

const char* grade_name(finding::grade severity) {
    constexpr const char* names[] = {"OK", "note", "problem", "impossible"};
    return names[static_cast<std::size_t>(severity)];
}

std::vector<finding> check_machine() {
    const json machine = machine_record();
    std::vector<finding> all{
        cpus(machine),         smt(machine),         governor(machine),  turbo(),
        clock_source(machine), mitigations(machine), huge_pages(machine)};
    for (finding& each : limits(machine)) {
        all.push_back(std::move(each));
    }
    all.push_back(ephemeral_ports(machine));
    all.push_back(congestion_control(machine));
    all.push_back(io_uring_state());
    all.push_back(perf_counters());
    for (finding& each : load_now()) {
        all.push_back(std::move(each));
    }
    return all;
}

}  // namespace regatta
