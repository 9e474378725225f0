#include "harness/micro/frame_overhead/instructions.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "harness/micro/frame_overhead/echo_client.hpp"

namespace regatta::overhead {
namespace {

constexpr std::uint64_t few = 2000;
constexpr std::uint64_t many = 22'000;

// valgrind's last line is "==4711== I   refs:      2,180,681".
std::uint64_t parse_count(const std::string& line) {
    const std::size_t colon = line.rfind("refs:");
    std::string digits;
    if (colon != std::string::npos) {
        std::copy_if(line.begin() + static_cast<std::ptrdiff_t>(colon), line.end(),
                     std::back_inserter(digits), [](unsigned char c) { return std::isdigit(c); });
    }
    if (digits.empty()) {
        throw trial_failure("valgrind printed no count of instructions but '" + line + "'");
    }
    return std::stoull(digits);
}

std::uint64_t instructions_of(const arm& server, std::uint64_t requests) {
    echo_server running(server, {"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"},
                        {});
    {
        echo_client client(running.port(), 1);
        client.run(requests);
    }
    return parse_count(running.stop());
}

}  // namespace

bool can_count_instructions() {
    const char* const path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
        if (::access((std::filesystem::path(folder) / "valgrind").c_str(), X_OK) == 0) {
            return true;
        }
    }
    return false;
}

double instructions_per_request(const arm& server) {
    const std::uint64_t with_few = instructions_of(server, few);
    const std::uint64_t with_many = instructions_of(server, many);
    return (static_cast<double>(with_many) - static_cast<double>(with_few)) / (many - few);
}

}  // namespace regatta::overhead
