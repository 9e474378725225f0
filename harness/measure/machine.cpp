#include "harness/measure/machine.hpp"

#include <filesystem>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "harness/measure/digest.hpp"
#include "harness/measure/metrics.hpp"
#include "harness/measure/probes.hpp"
#include "harness/measure/proc_file.hpp"

namespace regatta {
namespace {

using nlohmann::json;

constexpr const char* cpu_folder = "/sys/devices/system/cpu/";

/// What stands behind the first line of `text` that begins with `label`, up to the line's end.
json value_of(const std::optional<std::string>& text, const std::string& label) {
    const std::size_t at = text ? ("\n" + *text).find("\n" + label) : std::string::npos;
    if (at == std::string::npos) {
        return nullptr;
    }
    const std::size_t begin = text->find_first_not_of(" \t:=\"", at + label.size());
    const std::size_t end = text->find_first_of("\"\n", begin);
    return begin == std::string::npos ? json() : json(text->substr(begin, end - begin));
}

/// The word in brackets of "always [madvise] never".
json chosen_word(const std::optional<std::string>& text) {
    const std::size_t begin = text ? text->find('[') : std::string::npos;
    if (begin == std::string::npos) {
        return nullptr;
    }
    return text->substr(begin + 1, text->find(']', begin) - begin - 1);
}

json mitigations() {
    json all = json::object();
    std::error_code none;
    for (const auto& each :
         std::filesystem::directory_iterator(std::string(cpu_folder) + "vulnerabilities", none)) {
        all[each.path().filename()] = json_or_null(read_kernel_file(each.path()));
    }
    return all;
}

json limit(int resource, bool is_hard) {
    rlimit value{};
    if (::getrlimit(static_cast<__rlimit_resource>(resource), &value) != 0) {
        return nullptr;
    }
    const rlim_t chosen = is_hard ? value.rlim_max : value.rlim_cur;
    return chosen == RLIM_INFINITY ? json() : json(chosen);
}

json sysctl(const std::string& name) {
    return json_or_null(read_kernel_file("/proc/sys/" + name));
}

json sysctl_number(const std::string& name) {
    const auto text = read_kernel_file("/proc/sys/" + name);
    const auto value = text ? labelled_number("x" + *text, "x") : std::nullopt;
    return json_or_null(value);
}

json port_range() {
    auto text = read_kernel_file("/proc/sys/net/ipv4/ip_local_port_range");
    if (text) {
        const std::size_t tab = text->find('\t');
        if (tab != std::string::npos) {
            text->replace(tab, 1, " ");
        }
    }
    return json_or_null(text);
}

std::string fingerprint(const json& machine) {
    std::string whole;
    for (const char* field :
         {"cpu_model", "cpus_online", "memory_bytes", "kernel", "mitigations"}) {
        whole += machine.at(field).dump() + "\n";
    }
    return sha256_of_text(whole).substr(0, 16);
}

}  // namespace

json machine_record() {
    const auto cpuinfo = read_kernel_file("/proc/cpuinfo");
    const auto meminfo = read_kernel_file("/proc/meminfo");
    const auto memory_kib = meminfo ? labelled_number(*meminfo, "MemTotal:") : std::nullopt;
    const auto perf_obstacle = perf_counters_obstacle();
    utsname system{};
    ::uname(&system);
    json machine{
        {"cpu_model", value_of(cpuinfo, "model name")},
        {"cpus_online", ::sysconf(_SC_NPROCESSORS_ONLN)},
        {"memory_bytes", memory_kib ? json(*memory_kib * 1024) : json()},
        {"kernel", fmt::format("{} {}", system.sysname, system.release)},
        {"distribution", value_of(read_kernel_file("/etc/os-release"), "PRETTY_NAME")},
        {"virtualization", json_or_null(hypervisor())},
        {"clock_source", json_or_null(read_kernel_file("/sys/devices/system/clocksource/"
                                                       "clocksource0/current_clocksource"))},
        {"governor",
         json_or_null(read_kernel_file(std::string(cpu_folder) + "cpu0/cpufreq/scaling_governor"))},
        {"smt", json_or_null(read_kernel_file(std::string(cpu_folder) + "smt/control"))},
        {"mitigations", mitigations()},
        {"transparent_hugepages",
         chosen_word(read_kernel_file("/sys/kernel/mm/transparent_hugepage/enabled"))},
        {"io_uring_disabled", sysctl_number("kernel/io_uring_disabled")},
        {"limits",
         {{"nofile_soft", limit(RLIMIT_NOFILE, false)},
          {"nofile_hard", limit(RLIMIT_NOFILE, true)},
          {"nproc_soft", limit(RLIMIT_NPROC, false)}}},
        {"sysctl",
         {{"somaxconn", sysctl_number("net/core/somaxconn")},
          {"ip_local_port_range", port_range()},
          {"tcp_congestion_control", sysctl("net/ipv4/tcp_congestion_control")}}},
        {"perf_counters", !perf_obstacle},
        {"perf_counters_reason", json_or_null(perf_obstacle)}};
    machine["fingerprint"] = fingerprint(machine);
    return machine;
}

std::string machine_sentence(const json& machine) {
    const auto text = [&](const char* field) {
        return machine.at(field).is_string() ? machine.at(field).get<std::string>() : "unknown";
    };
    const double gibibytes =
        machine.at("memory_bytes").is_null()
            ? 0
            : machine.at("memory_bytes").get<double>() / (1024.0 * 1024 * 1024);
    return fmt::format("{}, {} CPUs, {:.1f} GiB, {}", text("cpu_model"),
                       machine.at("cpus_online").get<long>(), gibibytes, text("kernel"));
}

}  // namespace regatta
