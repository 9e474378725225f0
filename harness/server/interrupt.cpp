#include "harness/server/interrupt.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include <sys/eventfd.h>
#include <unistd.h>

namespace regatta {
namespace {

constexpr std::array handled{SIGINT, SIGTERM, SIGHUP};

// What the handler touches must be lock-free and static.
std::atomic<int> requests{0};
std::atomic<int> first_signal{0};
std::atomic<int> descriptor{-1};
std::array<struct sigaction, handled.size()> previous;

void on_signal(int signal) {
    const int saved = errno;
    if (requests.fetch_add(1) > 0) {
        ::_exit(128 + signal);
    }
    first_signal = signal;
    const std::uint64_t one = 1;
    if (::write(descriptor.load(), &one, sizeof one) < 0) {
        // Nobody can be told here; the flag itself is set, and waits look at it every second.
    }
    errno = saved;
}

}  // namespace

interrupt_guard::interrupt_guard() {
    requests = 0;
    descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct sigaction action {};
    action.sa_handler = on_signal;
    for (std::size_t i = 0; i < handled.size(); ++i) {
        ::sigaction(handled[i], &action, &previous[i]);
    }
}

interrupt_guard::~interrupt_guard() {
    if (is_interrupted()) {
        return;  // the program is about to end with interrupted_status(); so it does if asked again
    }
    for (std::size_t i = 0; i < handled.size(); ++i) {
        ::sigaction(handled[i], &previous[i], nullptr);
    }
    ::close(descriptor.exchange(-1));
}

bool is_interrupted() {
    return requests.load() > 0;
}

int interrupted_status() {
    return 128 + first_signal.load();
}

int interrupt_descriptor() {
    return descriptor.load();
}

}  // namespace regatta
