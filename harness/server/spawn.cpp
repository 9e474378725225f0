#include "harness/server/spawn.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/failure.hpp"

namespace regatta {
namespace {

/// A descriptor that closes itself.
class owned_descriptor {
public:
    owned_descriptor() = default;
    explicit owned_descriptor(int value) : value_(value) {}
    owned_descriptor(owned_descriptor&& other) noexcept : value_(other.release()) {}
    owned_descriptor& operator=(owned_descriptor&& other) noexcept {
        std::swap(value_, other.value_);
        return *this;
    }
    ~owned_descriptor() {
        if (value_ >= 0) {
            ::close(value_);
        }
    }
    int get() const { return value_; }
    int release() { return std::exchange(value_, -1); }

private:
    int value_ = -1;
};

struct pipe_ends {
    owned_descriptor read;
    owned_descriptor write;
};

[[noreturn]] void refuse(const child_options& options, std::string_view step, int error) {
    throw failure(
        fmt::format("cannot start {}: {}{}", options.command.front(), step, std::strerror(error)));
}

pipe_ends make_pipe(const child_options& options) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        refuse(options, "pipe: ", errno);
    }
    return {owned_descriptor(ends[0]), owned_descriptor(ends[1])};
}

/// What a new process tells its parent when it cannot become the program.
struct start_error {
    int step;
    int error;
};
constexpr const char* steps[] = {"death signal: ", "folder: ", "affinity: ", "streams: ", ""};

/// Everything the child needs, prepared before the fork: after it, only calls that are safe there.
struct child_plan {
    std::vector<char*> arguments;
    const char* folder;
    const cpu_set_t* cpus;
    std::size_t cpus_bytes;
    int input;
    int output;
    int errors;
    int report;
    pid_t parent;
};

[[noreturn]] void become_program(const child_plan& plan) {
    const auto give_up = [&](int step) {
        const start_error error{step, errno};
        [[maybe_unused]] const ssize_t told = ::write(plan.report, &error, sizeof error);
        ::_exit(127);
    };
    ::setpgid(0, 0);
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        give_up(0);
    }
    if (::getppid() != plan.parent) {
        ::_exit(127);  // the parent died before the death signal was set
    }
    if (plan.folder != nullptr && ::chdir(plan.folder) != 0) {
        give_up(1);
    }
    if (plan.cpus != nullptr && ::sched_setaffinity(0, plan.cpus_bytes, plan.cpus) != 0) {
        give_up(2);
    }
    if (::dup2(plan.input, 0) < 0 || ::dup2(plan.output, 1) < 0 || ::dup2(plan.errors, 2) < 0) {
        give_up(3);
    }
    // Handlers are reset by exec; what is ignored or blocked would stay.
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD}) {
        ::signal(signal, SIG_DFL);
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execvp(plan.arguments.front(), plan.arguments.data());
    give_up(4);
    ::_exit(127);
}

}  // namespace

spawned spawn(const child_options& options) {
    pipe_ends input = make_pipe(options);
    pipe_ends output = make_pipe(options);
    pipe_ends errors = make_pipe(options);
    pipe_ends report = make_pipe(options);

    child_plan plan{};
    std::vector<std::string> command = options.command;
    for (std::string& argument : command) {
        plan.arguments.push_back(argument.data());
    }
    plan.arguments.push_back(nullptr);
    const std::string folder = options.folder.string();
    plan.folder = folder.empty() ? nullptr : folder.c_str();
    std::vector<cpu_set_t> cpus;  // as many words as the largest CPU number needs
    if (!options.cpus.empty()) {
        const int largest = *std::max_element(options.cpus.begin(), options.cpus.end());
        cpus.resize(static_cast<std::size_t>(largest) / CPU_SETSIZE + 1);
        plan.cpus_bytes = cpus.size() * sizeof(cpu_set_t);
        CPU_ZERO_S(plan.cpus_bytes, cpus.data());
        for (const int cpu : options.cpus) {
            CPU_SET_S(static_cast<std::size_t>(cpu), plan.cpus_bytes, cpus.data());
        }
        plan.cpus = cpus.data();
    }
    plan.input = input.read.get();
    plan.output = output.write.get();
    plan.errors = errors.write.get();
    plan.report = report.write.get();
    plan.parent = ::getpid();

    const pid_t pid = ::fork();
    if (pid < 0) {
        refuse(options, "fork: ", errno);
    }
    if (pid == 0) {
        become_program(plan);
    }
    ::setpgid(pid, pid);  // in both processes, so that it is done whoever runs first
    report.write = {};
    start_error error{};
    ssize_t count;
    do {
        count = ::read(report.read.get(), &error, sizeof error);
    } while (count < 0 && errno == EINTR);
    if (count == sizeof error) {
        ::waitpid(pid, nullptr, 0);
        refuse(options, steps[error.step], error.error);
    }
    const int pid_descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (pid_descriptor < 0) {
        const int reason = errno;
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        refuse(options, "pidfd_open: ", reason);
    }
    for (const owned_descriptor* end : {&output.read, &errors.read, &input.write}) {
        ::fcntl(end->get(), F_SETFL, O_NONBLOCK);
    }
    return {pid, pid_descriptor, input.write.release(), output.read.release(),
            errors.read.release()};
}

}  // namespace regatta
