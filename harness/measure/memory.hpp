#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>
#include <nlohmann/json.hpp>

namespace regatta {

/// What a process maps, in bytes; nothing when it has ended or may not be looked at.
struct mapped_memory {
    /// Its private memory plus its share of what it maps with others: proportional set size.
    std::optional<std::uint64_t> pss;
    std::optional<std::uint64_t> private_memory;  ///< mapped by this process alone

    /// Both with those of another process; nothing where either is unknown.
    mapped_memory operator+(const mapped_memory& other) const;
    /// The larger of each, the known where only one is.
    mapped_memory larger(const mapped_memory& other) const;
};

/// Of `pid` now (/proc/PID/smaps_rollup). Reading it walks the page tables under the process's
/// lock: not for a measured window.
mapped_memory read_mapped_memory(pid_t pid);

/// Its proportional set size alone.
std::optional<std::uint64_t> pss_bytes(pid_t pid);

/// Largest resident set of `pid` since it began its program, in bytes (VmHWM). Nothing as above.
std::optional<std::uint64_t> rss_bytes_peak(pid_t pid);

/// What a process costs at one moment, in bytes; nothing where the kernel does not tell. The
/// process's own parts first, then what only the whole machine, or a whole cgroup, can be asked.
struct memory_reading {
    std::optional<std::uint64_t> pss;
    std::optional<std::uint64_t> private_memory;  ///< mapped by this process alone
    std::optional<std::uint64_t> anonymous;       ///< heap, stacks: what no file stands behind
    std::optional<std::uint64_t> page_tables;     ///< VmPTE
    std::optional<std::uint64_t> threads;         ///< a number, not bytes; io_uring's workers too
    std::optional<std::uint64_t> kernel_stacks;   ///< threads x kernel_stack_bytes
    std::optional<std::uint64_t> sockets;         ///< of the machine: parse_socket_objects
    std::optional<std::uint64_t> socket_buffers;  ///< of the machine: parse_socket_buffers
    std::optional<std::uint64_t> cgroup;          ///< of all in the cgroup that accounts `pid`

    /// Whether the process itself is as it was in `other`.
    bool is_same_process_state(const memory_reading& other) const {
        return anonymous == other.anonymous && page_tables == other.page_tables &&
               threads == other.threads;
    }
};

memory_reading read_memory(pid_t pid);

/// `reading` as results/FORMAT.md has it.
nlohmann::json to_json(const memory_reading& reading);

/// Kernel stack of a thread: THREAD_SIZE of Linux on x86-64 and arm64 (with 4 KiB pages); nothing
/// on other processors.
std::optional<std::uint64_t> kernel_stack_bytes();

/// Memory of the kernel's objects behind all TCP sockets, from `slabinfo` (/proc/slabinfo): each
/// has a TCP object and an inode, and each inode a directory entry and an open file. Other programs
/// open files all the time, so those two are counted by inodes. Nothing when a cache is missing.
std::optional<std::uint64_t> parse_socket_objects(std::string_view slabinfo);

/// Bytes that TCP sockets hold in their queues, from `sockstat` (/proc/net/sockstat), which tells
/// pages.
std::optional<std::uint64_t> parse_socket_buffers(std::string_view sockstat);

/// The files that may tell the total of the cgroup of a process whose /proc/PID/cgroup is `text`,
/// the likeliest first: version 1's memory controller, then version 2.
std::vector<std::string> cgroup_total_files(std::string_view text);

}  // namespace regatta
