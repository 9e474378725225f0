#include "harness/measure/process_group.hpp"

#include <charconv>
#include <filesystem>
#include <string>

#include <unistd.h>

namespace regatta {

std::vector<pid_t> others_in_group(pid_t pid) {
    std::vector<pid_t> others;
    const pid_t group = ::getpgid(pid);
    if (group < 0) {
        return others;
    }
    std::error_code gone;  // processes end while /proc is read
    for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
        const std::string name = entry.path().filename();
        pid_t each = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), each);
        if (error == std::errc() && end == name.data() + name.size() && each != pid &&
            ::getpgid(each) == group) {
            others.push_back(each);
        }
    }
    return others;
}

}  // namespace regatta
