#include "harness/distributed/line_input.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace regatta::distributed {

std::optional<std::string> line_input::next() {
    if (lines_.empty()) {
        read_available();
    }
    if (lines_.empty()) {
        return std::nullopt;
    }
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    return line;
}

void line_input::read_available() {
    char chunk[65536];
    // poll() and not O_NONBLOCK: that would change the stream for everyone who shares it.
    pollfd entry{descriptor_, POLLIN, 0};
    while (!has_ended_ && lines_.empty() && ::poll(&entry, 1, 0) > 0) {
        const ssize_t count = ::read(descriptor_, chunk, sizeof chunk);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        has_ended_ = count <= 0;
        partial_.append(chunk, count > 0 ? static_cast<std::size_t>(count) : 0);
        for (std::size_t end; (end = partial_.find('\n')) != std::string::npos;) {
            lines_.push_back(partial_.substr(0, end));
            partial_.erase(0, end + 1);
        }
    }
}

}  // namespace regatta::distributed
