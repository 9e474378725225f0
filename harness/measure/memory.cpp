#include "harness/measure/memory.hpp"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <unistd.h>

#include "harness/measure/metrics.hpp"
#include "harness/measure/proc_file.hpp"

namespace regatta {
namespace {

std::optional<std::uint64_t> kibibytes_in(const std::optional<std::string>& text,
                                          const char* label) {
    const auto value = text ? labelled_number(*text, label) : std::nullopt;
    return value ? std::optional(*value * 1024) : std::nullopt;
}

std::optional<std::string> file_of(pid_t pid, const char* name) {
    return read_kernel_file(fmt::format("/proc/{}/{}", pid, name));
}

std::optional<std::uint64_t> sum_of(const std::optional<std::uint64_t>& a,
                                    const std::optional<std::uint64_t>& b) {
    return a && b ? std::optional(*a + *b) : std::nullopt;
}

mapped_memory mapped_in(const std::optional<std::string>& smaps_rollup) {
    return {kibibytes_in(smaps_rollup, "Pss:"),
            sum_of(kibibytes_in(smaps_rollup, "Private_Clean:"),
                   kibibytes_in(smaps_rollup, "Private_Dirty:"))};
}

std::uint64_t page_bytes() {
    return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// Live objects of a slab cache, and what one takes of its slab's pages.
struct slab_cache {
    std::uint64_t objects = 0;
    std::uint64_t object_bytes = 0;
};

/// slabinfo(5): name active_objs num_objs objsize objperslab pagesperslab ...
std::optional<slab_cache> cache_of(std::string_view slabinfo, const std::string& name) {
    const std::size_t at = ("\n" + std::string(slabinfo)).find("\n" + name + " ");
    if (at == std::string::npos) {
        return std::nullopt;
    }
    std::istringstream words(std::string(slabinfo.substr(at + name.size())));
    std::uint64_t active = 0;
    std::uint64_t all = 0;
    std::uint64_t size = 0;
    std::uint64_t per_slab = 0;
    std::uint64_t pages = 0;
    if (!(words >> active >> all >> size >> per_slab >> pages) || per_slab == 0) {
        return std::nullopt;
    }
    return slab_cache{active, pages * page_bytes() / per_slab};
}

std::optional<std::uint64_t> cgroup_bytes(pid_t pid) {
    for (const std::string& file : cgroup_total_files(file_of(pid, "cgroup").value_or(""))) {
        if (const auto text = read_kernel_file(file)) {
            if (const auto total = labelled_number("x" + *text, "x")) {
                return total;
            }
        }
    }
    return std::nullopt;
}

}  // namespace

mapped_memory mapped_memory::operator+(const mapped_memory& other) const {
    return {sum_of(pss, other.pss), sum_of(private_memory, other.private_memory)};
}

mapped_memory mapped_memory::larger(const mapped_memory& other) const {
    return {std::max(pss, other.pss), std::max(private_memory, other.private_memory)};
}

mapped_memory read_mapped_memory(pid_t pid) {
    return mapped_in(file_of(pid, "smaps_rollup"));
}

std::optional<std::uint64_t> pss_bytes(pid_t pid) {
    return read_mapped_memory(pid).pss;
}

std::optional<std::uint64_t> rss_bytes_peak(pid_t pid) {
    return kibibytes_in(file_of(pid, "status"), "VmHWM:");
}

std::optional<std::uint64_t> kernel_stack_bytes() {
#if defined(__x86_64__) || defined(__aarch64__)
    return 16 << 10;
#else
    return std::nullopt;
#endif
}

std::optional<std::uint64_t> parse_socket_objects(std::string_view slabinfo) {
    const auto tcp = cache_of(slabinfo, "TCP");
    const auto inode = cache_of(slabinfo, "sock_inode_cache");
    const auto entry = cache_of(slabinfo, "dentry");
    const auto file = cache_of(slabinfo, "filp");
    if (!tcp || !inode || !entry || !file) {
        return std::nullopt;
    }
    return tcp->objects * tcp->object_bytes +
           inode->objects * (inode->object_bytes + entry->object_bytes + file->object_bytes);
}

std::optional<std::uint64_t> parse_socket_buffers(std::string_view sockstat) {
    const std::size_t line = ("\n" + std::string(sockstat)).find("\nTCP: ");
    const std::size_t at = line == std::string::npos ? line : sockstat.find(" mem ", line);
    const auto pages =
        at == std::string::npos ? std::nullopt : labelled_number(sockstat.substr(at), " mem ");
    return pages ? std::optional(*pages * page_bytes()) : std::nullopt;
}

std::vector<std::string> cgroup_total_files(std::string_view text) {
    std::vector<std::string> first;
    std::vector<std::string> second;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        // cgroups(7): hierarchy-ID:controller-list:path
        const std::size_t controllers = line.find(':');
        const std::size_t path = line.find(':', controllers + 1);
        if (controllers == std::string::npos || path == std::string::npos) {
            continue;
        }
        const std::string names = "," + line.substr(controllers + 1, path - controllers - 1) + ",";
        const std::string group = line.substr(path + 1);
        if (names.find(",memory,") != std::string::npos) {
            first.push_back("/sys/fs/cgroup/memory" + group + "/memory.usage_in_bytes");
        } else if (names == ",,") {
            second.push_back("/sys/fs/cgroup" + group + "/memory.current");
            second.push_back("/sys/fs/cgroup/unified" + group + "/memory.current");
        }
    }
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

memory_reading read_memory(pid_t pid) {
    memory_reading reading;
    const auto maps = file_of(pid, "smaps_rollup");
    const mapped_memory mapped = mapped_in(maps);
    reading.pss = mapped.pss;
    reading.private_memory = mapped.private_memory;
    reading.anonymous = kibibytes_in(maps, "Anonymous:");
    const auto status = file_of(pid, "status");
    reading.page_tables = kibibytes_in(status, "VmPTE:");
    reading.threads = status ? labelled_number(*status, "Threads:") : std::nullopt;
    if (reading.threads && kernel_stack_bytes()) {
        reading.kernel_stacks = *reading.threads * *kernel_stack_bytes();
    }
    reading.sockets = parse_socket_objects(read_kernel_file("/proc/slabinfo").value_or(""));
    reading.socket_buffers =
        parse_socket_buffers(read_kernel_file("/proc/net/sockstat").value_or(""));
    reading.cgroup = cgroup_bytes(pid);
    return reading;
}

nlohmann::json to_json(const memory_reading& reading) {
    return {{"pss_bytes", json_or_null(reading.pss)},
            {"private_bytes", json_or_null(reading.private_memory)},
            {"anonymous_bytes", json_or_null(reading.anonymous)},
            {"page_table_bytes", json_or_null(reading.page_tables)},
            {"threads", json_or_null(reading.threads)},
            {"kernel_stack_bytes", json_or_null(reading.kernel_stacks)},
            {"socket_bytes", json_or_null(reading.sockets)},
            {"socket_buffer_bytes", json_or_null(reading.socket_buffers)},
            {"cgroup_bytes", json_or_null(reading.cgroup)}};
}

}  // namespace regatta
