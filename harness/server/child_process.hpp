#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

namespace regatta {

using clock_type = std::chrono::steady_clock;

enum class wait_result { satisfied, deadline };

struct child_options {
    std::vector<std::string> command;  ///< the program is searched in PATH unless it has a '/'
    std::filesystem::path folder;      ///< where it runs; empty: where this process runs
    std::vector<int> cpus;             ///< where it is pinned; empty: not pinned
};

/// How a process ended, and what it used in its whole life.
struct child_ending {
    std::optional<int> exit_status;
    std::optional<int> signal;
    struct rusage usage {};

    bool is_success() const { return exit_status == 0; }
    /// "exit status 3" or "signal 11 (Segmentation fault)".
    std::string describe() const;
};

/// A program that this process started, with pipes on its three standard streams. It has a process
/// group of its own, so that Ctrl-C reaches only the harness, and dies when this process does. The
/// destructor kills and reaps whatever is left of it, group members included.
class child_process {
public:
    /// Throws `failure` with one line when the program cannot be started.
    explicit child_process(const child_options& options);
    ~child_process();
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;

    pid_t pid() const { return pid_; }

    /// Writes `text` and a newline to its standard input; false when it does not listen any more.
    bool write_line(std::string_view text);
    void close_input();

    /// The next whole line of its standard output that has arrived (see wait_until).
    std::optional<std::string> next_line();
    bool has_line() const { return !lines_.empty(); }

    /// Sends a signal; nothing when it has ended.
    void send_signal(int signal);

    /// Whether it has ended. Its last output has then been read.
    bool has_ended() const { return ending_.has_value(); }
    const child_ending& ending() const { return *ending_; }

    /// The last few KiB of its standard error.
    const std::string& error_text() const { return error_tail_; }
    /// The last line of its standard error, or an empty string.
    std::string last_error_line() const;

    /// Kills it if it still runs, and reaps it.
    void kill();

private:
    friend wait_result wait_until(std::initializer_list<child_process*> children,
                                  clock_type::time_point deadline, bool heed_interrupt,
                                  const std::function<bool()>& condition);
    void read_available();
    void reap();

    pid_t pid_ = -1;
    int pid_descriptor_ = -1;
    int input_ = -1;
    int output_ = -1;
    int errors_ = -1;
    std::string partial_line_;
    std::deque<std::string> lines_;
    std::string error_tail_;
    std::optional<child_ending> ending_;
};

/// Reads what `children` print and notes their end until `condition` holds or `deadline` passes.
/// Throws `interrupted` when the user asks to stop and `heed_interrupt` is set.
wait_result wait_until(std::initializer_list<child_process*> children,
                       clock_type::time_point deadline, bool heed_interrupt,
                       const std::function<bool()>& condition);

}  // namespace regatta
