#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workloads/workload.hpp"

/// What an io_uring can do beyond plain operations. Each is a parameter of the runtimes that know
/// it, off or on, so that it is measured under its own name.
namespace regatta::uring {

enum class trick {
    registered_files,   ///< operations name a slot of the ring instead of a descriptor (Linux 5.19)
    sqpoll,             ///< a kernel thread takes submissions (Linux 5.11 for any user)
    zero_copy_send,     ///< IORING_OP_SEND_ZC (Linux 6.0)
    receive_bundle,     ///< one completion for several provided buffers (Linux 6.10)
    multishot_receive,  ///< one submission, many completions, in provided buffers (Linux 6.0)
};

/// Why this machine lacks a trick, found by trying it on a ring of its own; nothing when it works.
std::optional<std::string> obstacle(trick which);

inline constexpr std::string_view off_on[] = {"off", "on"};

inline constexpr parameter registered_files_parameter = {
    "registered_files", "", 0, 0, 1, "operations name slots of the ring, not descriptors", off_on};
inline constexpr parameter sqpoll_parameter = {
    "sqpoll", "", 0, 0, 1, "a kernel thread of each ring polls for submissions", off_on};
inline constexpr parameter zero_copy_send_parameter = {
    "zero_copy_send", "", 0, 0, 1, "sends do not copy (over loopback the kernel does)", off_on};
inline constexpr parameter receive_bundle_parameter = {
    "receive_bundle", "", 0, 0, 1, "one completion for several received buffers", off_on};

/// `parameter: reason` for each trick in `candidates` that this machine lacks.
template <std::size_t Count>
std::vector<std::string> lacking(const std::array<std::pair<trick, parameter>, Count>& candidates) {
    std::vector<std::string> list;
    for (const auto& [which, declared] : candidates) {
        if (const auto reason = obstacle(which)) {
            list.push_back(std::string(declared.name) + ": " + *reason);
        }
    }
    return list;
}

/// Whether a trick that was asked for is to be used; when this machine lacks it, `notes` says why.
bool grant(trick which, const parameter& declared, std::int64_t asked,
           std::vector<std::string>& notes);

}  // namespace regatta::uring
