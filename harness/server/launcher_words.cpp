#include "harness/server/launcher_words.hpp"

#include <sstream>
#include <string_view>

#include <fmt/format.h>

namespace regatta {
namespace {

/// Open MPI frames its own words between two of these.
bool is_frame_edge(const std::string& line) {
    constexpr std::size_t shortest = 70;
    return line.size() >= shortest && line.find_first_not_of('-') == std::string::npos;
}

std::string after(const std::string& line, const std::string& beginning) {
    return line.starts_with(beginning) ? line.substr(beginning.size()) : "";
}

struct heard {
    std::string last;        ///< line
    std::string outside;     ///< last line that is not Open MPI's own: ssh's, a shell's, a rank's
    std::string of_a_host;   ///< what Open MPI says of a node
    std::string executable;  ///< that could not be started
    std::string node;        ///< where
    bool has_no_daemon = false;
};

void take(const std::string& line, bool is_framed, heard& into) {
    into.last = line;
    // Open MPI goes on with advice.
    if (line.find(" on node ") != std::string::npos && !line.starts_with("HNP daemon")) {
        into.of_a_host = line.starts_with("Remote daemon") ? "lost: " + line : line;
    }
    if (!is_framed) {
        // ssh greets a new host with one.
        into.outside = line.starts_with("Warning: ") ? into.outside : line;
        return;
    }
    if (const std::string program = after(line, "Executable: "); !program.empty()) {
        into.executable = program;
    } else if (const std::string node = after(line, "Node: "); !node.empty()) {
        into.node = node;
    }
    // "The specified hostfile contained a node (n3) that is not in your" allocation.
    constexpr std::string_view stranger = " contained a node (";
    if (const auto found = line.find(stranger); found != std::string::npos) {
        const auto begin = found + stranger.size();
        into.of_a_host = line.substr(begin, line.find(')', begin) - begin) +
                         " is not in the resource manager's allocation";
    }
    into.has_no_daemon |= line.starts_with("ORTE was unable to reliably start");
}

}  // namespace

std::string launcher_words(const std::string& error_text) {
    heard words;
    bool is_framed = false;
    std::istringstream lines(error_text);
    for (std::string line; std::getline(lines, line);) {
        if (is_frame_edge(line)) {
            is_framed = !is_framed;
            continue;
        }
        const auto begin = line.find_first_not_of(" \t-");
        if (begin != std::string::npos) {
            const auto end = line.find_last_not_of(" \t\r");
            take(line.substr(begin, end + 1 - begin), is_framed, words);
        }
    }
    if (!words.of_a_host.empty()) {
        return words.of_a_host;
    }
    if (!words.executable.empty() && !words.node.empty()) {
        return fmt::format("{} cannot start {}: is it there?", words.node, words.executable);
    }
    if (words.has_no_daemon) {
        return fmt::format(
            "{}{}Open MPI could not start on a host: which one tells mpirun --host "
            "HOST hostname, of each",
            words.outside, words.outside.empty() ? "" : "; ");
    }
    return words.outside.empty() ? words.last : words.outside;
}

}  // namespace regatta
