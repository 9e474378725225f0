#include "harness/server/child_process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/server/interrupt.hpp"
#include "harness/server/spawn.hpp"

namespace regatta {
namespace {

// A program that prints without end must not fill the harness's memory: a line is cut off at the
// first limit, and no more is read once the second is reached.
constexpr std::size_t line_bytes_max = 64u << 20;
constexpr std::size_t waiting_lines_max = 1000;
constexpr std::size_t error_tail_bytes = 4096;

bool is_readable(int descriptor) {
    pollfd entry{descriptor, POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1;
}

void close_descriptor(int& descriptor) {
    if (descriptor >= 0) {
        ::close(std::exchange(descriptor, -1));
    }
}

/// Appends what can be read now; false at the end of the stream.
template <class Append>
bool read_now(int descriptor, Append append) {
    char chunk[65536];
    for (;;) {
        const ssize_t count = ::read(descriptor, chunk, sizeof chunk);
        if (count > 0) {
            if (!append(std::string_view(chunk, static_cast<std::size_t>(count)))) {
                return true;
            }
        } else if (count < 0 && errno == EINTR) {
            continue;
        } else {
            return count < 0 && errno == EAGAIN;
        }
    }
}

}  // namespace

std::string child_ending::describe() const {
    return signal ? fmt::format("signal {} ({})", *signal, ::strsignal(*signal))
                  : fmt::format("exit status {}", exit_status.value_or(-1));
}

child_process::child_process(const child_options& options) {
    // A write to a child that has gone must fail, not end the harness.
    ::signal(SIGPIPE, SIG_IGN);
    const spawned started = spawn(options);
    pid_ = started.pid;
    pid_descriptor_ = started.pid_descriptor;
    input_ = started.input;
    output_ = started.output;
    errors_ = started.errors;
}

child_process::~child_process() {
    kill();
    for (int* descriptor : {&input_, &output_, &errors_, &pid_descriptor_}) {
        close_descriptor(*descriptor);
    }
}

bool child_process::write_line(std::string_view text) {
    const std::string line = std::string(text) + "\n";
    std::size_t written = 0;
    while (input_ >= 0 && written < line.size()) {
        const ssize_t count = ::write(input_, line.data() + written, line.size() - written);
        if (count >= 0) {
            written += static_cast<std::size_t>(count);
        } else if (errno == EAGAIN) {
            pollfd entry{input_, POLLOUT, 0};
            if (::poll(&entry, 1, 1000) == 0) {
                return false;
            }
        } else if (errno != EINTR) {
            return false;
        }
    }
    return written == line.size();
}

void child_process::close_input() {
    close_descriptor(input_);
}

std::optional<std::string> child_process::next_line() {
    if (lines_.empty()) {
        return std::nullopt;
    }
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    return line;
}

void child_process::send_signal(int signal) {
    if (!has_ended()) {
        ::syscall(SYS_pidfd_send_signal, pid_descriptor_, signal, nullptr, 0);
    }
}

std::string child_process::last_error_line() const {
    std::string_view text = error_tail_;
    while (!text.empty() && text.back() == '\n') {
        text.remove_suffix(1);
    }
    return std::string(text.substr(text.rfind('\n') + 1));
}

void child_process::kill() {
    if (!has_ended()) {
        send_signal(SIGKILL);
        reap();
    }
}

void child_process::reap() {
    siginfo_t info;
    while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) < 0 &&
           errno == EINTR) {
    }
    // While its leader is unreaped the group's number cannot belong to anybody else: end whatever
    // the program has left behind.
    ::kill(-pid_, SIGKILL);
    int status = 0;
    child_ending ending;
    while (::wait4(pid_, &status, 0, &ending.usage) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        ending.signal = WTERMSIG(status);
    } else {
        ending.exit_status = WEXITSTATUS(status);
    }
    ending_ = ending;
}

void child_process::read_available() {
    const bool is_over = !has_ended() && is_readable(pid_descriptor_);
    const auto take_output = [&](std::string_view bytes) {
        partial_line_ += bytes;
        for (std::size_t end; (end = partial_line_.find('\n')) != std::string::npos;) {
            lines_.push_back(partial_line_.substr(0, end));
            partial_line_.erase(0, end + 1);
        }
        if (partial_line_.size() > line_bytes_max) {
            lines_.push_back(std::exchange(partial_line_, {}));
        }
        return lines_.size() < waiting_lines_max;
    };
    const auto take_errors = [&](std::string_view bytes) {
        error_tail_ += bytes;
        if (error_tail_.size() > error_tail_bytes) {
            error_tail_.erase(0, error_tail_.size() - error_tail_bytes);
        }
        return true;
    };
    if (output_ >= 0 && lines_.size() < waiting_lines_max && !read_now(output_, take_output)) {
        close_descriptor(output_);
        if (!partial_line_.empty()) {
            lines_.push_back(std::exchange(partial_line_, {}));
        }
    }
    if (errors_ >= 0 && !read_now(errors_, take_errors)) {
        close_descriptor(errors_);
    }
    if (is_over) {
        reap();
    }
}

wait_result wait_until(std::initializer_list<child_process*> children,
                       clock_type::time_point deadline, bool heed_interrupt,
                       const std::function<bool()>& condition) {
    // The longest sleep: a signal that comes just before poll() is then seen this late at most.
    constexpr std::chrono::milliseconds nap{1000};
    std::vector<pollfd> entries;
    for (;;) {
        for (child_process* child : children) {
            child->read_available();
        }
        if (heed_interrupt && is_interrupted()) {
            throw interrupted();
        }
        if (condition()) {
            return wait_result::satisfied;
        }
        const auto now = clock_type::now();
        if (now >= deadline) {
            return wait_result::deadline;
        }
        entries.clear();
        for (const child_process* child : children) {
            const bool is_full = child->lines_.size() >= waiting_lines_max;
            entries.push_back({is_full ? -1 : child->output_, POLLIN, 0});
            entries.push_back({child->errors_, POLLIN, 0});
            entries.push_back({child->has_ended() ? -1 : child->pid_descriptor_, POLLIN, 0});
        }
        entries.push_back({heed_interrupt ? interrupt_descriptor() : -1, POLLIN, 0});
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
        ::poll(entries.data(), entries.size(), static_cast<int>(std::min(left, nap).count()));
    }
}

}  // namespace regatta
