#include "runtimes/main/control.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <fstream>

#include "runtimes/support/socket.hpp"

namespace regatta {
namespace {

sigset_t stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

// Opened before anything is served: later there may be no descriptor left.
unique_fd stop_requests;

// Reads and drops what the harness writes; true at the end of the stream.
bool input_has_ended() {
    char ignored[256];
    const ssize_t got = ::read(STDIN_FILENO, ignored, sizeof ignored);
    return got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
}

}  // namespace

void block_stop_signals() {
    const sigset_t set = stop_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    stop_requests = unique_fd(check(::signalfd(-1, &set, SFD_CLOEXEC), "signalfd"));
}

void wait_for_stop() {
    pollfd sources[] = {{stop_requests.get(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    for (;;) {
        if (::poll(sources, 2, -1) < 0) {
            continue;
        }
        if (sources[0].revents != 0) {
            signalfd_siginfo taken;
            [[maybe_unused]] const auto got = ::read(stop_requests.get(), &taken, sizeof taken);
            break;
        }
        if (sources[1].revents != 0 && input_has_ended()) {
            break;
        }
    }
    const sigset_t set = stop_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    rlim_t ceiling = 0;
    std::ifstream("/proc/sys/fs/nr_open") >> ceiling;
    if (const rlimit wide{ceiling, ceiling};
        ceiling > limit.rlim_max && ::setrlimit(RLIMIT_NOFILE, &wide) == 0) {
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace regatta
