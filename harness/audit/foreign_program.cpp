#include "harness/audit/foreign_program.hpp"

#include <cmath>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

#include "harness/plan/split.hpp"

namespace regatta::audit {
namespace {

using namespace std::chrono_literals;

// What a loaded machine may add before a tool counts as hung.
constexpr auto patience = 30s;

/// Appends what `child` has printed to `lines`.
void drain(child_process& child, std::vector<std::string>& lines) {
    while (auto line = child.next_line()) {
        lines.push_back(std::move(*line));
    }
}

/// Takes what an ended program has left in its pipe, more than fits into one reading.
void drain_ended(child_process& child, std::vector<std::string>& lines) {
    for (std::size_t before = lines.size() + 1; before != lines.size();) {
        before = lines.size();
        wait_until({&child}, clock_type::now(), false, [] { return true; });
        drain(child, lines);
    }
}

}  // namespace

std::optional<std::filesystem::path> find_program(const std::string& name) {
    const char* path = std::getenv("PATH");
    for (const std::string& folder : split(path == nullptr ? "" : path, ':')) {
        const auto candidate = std::filesystem::path(folder) / name;
        if (!folder.empty() && std::filesystem::is_regular_file(candidate) &&
            ::access(candidate.c_str(), X_OK) == 0) {
            return candidate;
        }
    }
    return std::nullopt;
}

std::optional<std::string> package_version(const std::string& package) {
    if (!find_program("dpkg-query")) {
        return std::nullopt;
    }
    child_process query({{"dpkg-query", "--show", "--showformat=${Version}\\n", package}, {}, {}});
    std::vector<std::string> lines;
    wait_until({&query}, clock_type::now() + patience, true, [&] { return query.has_ended(); });
    drain_ended(query, lines);
    const bool is_known = query.has_ended() && query.ending().is_success() && lines.size() == 1;
    return is_known ? std::optional(lines.front()) : std::nullopt;
}

std::vector<std::string> run_program(const std::vector<std::string>& command,
                                     const load_request& asked, const running_server& server) {
    child_process tool({command, asked.scratch, asked.cpus});
    tool.close_input();
    std::vector<std::string> lines;
    const auto deadline = clock_type::now() + std::chrono::seconds(asked.seconds) + patience;
    const auto is_over = [&] {
        drain(tool, lines);
        return tool.has_ended() || server.voice.process.has_ended();
    };
    wait_until({&tool, &server.voice.process}, deadline, true, is_over);
    if (server.voice.process.has_ended()) {
        throw trial_failure(describe_end(server.voice) + " while the tool ran");
    }
    if (!tool.has_ended()) {
        throw trial_failure(fmt::format("{} did not end within {} s", command.front(),
                                        asked.seconds + patience.count()));
    }
    drain_ended(tool, lines);
    if (!tool.ending().is_success()) {
        throw trial_failure(describe_end({tool, command.front()}));
    }
    return lines;
}

std::string url_of(const running_server& server) {
    return fmt::format("http://127.0.0.1:{}/", server.port);
}

double number_in(const std::string& text, const std::string& where) {
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    if (end == text.c_str() || *end != '\0' || !std::isfinite(number)) {
        throw trial_failure(
            fmt::format("{} has no number where one was due: '{}'", where, excerpt(text)));
    }
    return number;
}

}  // namespace regatta::audit
