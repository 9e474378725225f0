#include "harness/micro/loopback_floor/floor.hpp"

#include <arpa/inet.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "harness/load/clock.hpp"
#include "harness/load/connector.hpp"
#include "harness/load/descriptor.hpp"
#include "harness/server/conversation.hpp"
#include "harness/server/interrupt.hpp"

namespace regatta::floor {
namespace {

using load::descriptor;

[[noreturn]] void fail(int error, const char* doing) {
    throw std::system_error(error, std::generic_category(), doing);
}

int check(int result, const char* doing) {
    if (result < 0) {
        fail(errno, doing);
    }
    return result;
}

/// One side: its ends of the connections, and its ring.
class side {
public:
    side(std::vector<descriptor> ends, std::size_t size)
        : ends_(std::move(ends)), buffers_(ends_.size() * size), size_(size) {
        io_uring_params options{};
        options.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
        const auto entries = static_cast<unsigned>(2 * ends_.size());
        if (const int error = ::io_uring_queue_init_params(entries, &ring_, &options); error < 0) {
            fail(-error, "io_uring_setup");
        }
    }
    ~side() { ::io_uring_queue_exit(&ring_); }
    side(const side&) = delete;
    side& operator=(const side&) = delete;

    /// Sends a message on every connection.
    void begin() {
        for (std::size_t i = 0; i < ends_.size(); ++i) {
            prepare_send(i);
        }
        submit(0);
    }

    /// Receives the message of every connection and sends it back. The messages are there, so each
    /// operation is done while it is submitted: one system call, and no waiting. Gives their
    /// number.
    std::size_t turn() {
        const std::uint64_t begin = load::own_thread_cpu_ns();
        for (std::size_t i = 0; i < ends_.size(); ++i) {
            io_uring_sqe* const receive = ::io_uring_get_sqe(&ring_);
            ::io_uring_prep_recv(receive, ends_[i].get(), buffers_.data() + i * size_, size_,
                                 MSG_WAITALL);
            // Not linked: the kernel issues entries in their order, and would put off a linked one.
            prepare_send(i);
        }
        submit(static_cast<unsigned>(ends_.size()));
        cpu_ns_ += load::own_thread_cpu_ns() - begin;
        return ends_.size();
    }

    std::uint64_t cpu_ns() const { return cpu_ns_; }

private:
    void prepare_send(std::size_t i) {
        io_uring_sqe* const send = ::io_uring_get_sqe(&ring_);
        ::io_uring_prep_send(send, ends_[i].get(), buffers_.data() + i * size_, size_,
                             MSG_NOSIGNAL | MSG_WAITALL);
        send->flags |= IOSQE_CQE_SKIP_SUCCESS;
    }
    /// Submits, and takes the completion of `receives` receives.
    void submit(unsigned receives) {
        const int submitted = ::io_uring_submit(&ring_);
        if (submitted < 0) {
            fail(-submitted, "io_uring_enter");
        }
        __kernel_timespec patience{1, 0};
        io_uring_cqe* done = nullptr;
        if (receives != 0 &&
            ::io_uring_wait_cqes(&ring_, &done, receives, &patience, nullptr) < 0) {
            throw trial_failure("loopback_floor: a message did not come");
        }
        unsigned head = 0;
        unsigned count = 0;
        io_uring_for_each_cqe(&ring_, head, done) {
            ++count;
            if (done->res != static_cast<int>(size_)) {
                throw trial_failure(
                    fmt::format("loopback_floor: a message was lost: {}",
                                std::generic_category().message(-std::min(done->res, 0))));
            }
        }
        ::io_uring_cq_advance(&ring_, count);
    }

    std::vector<descriptor> ends_;
    std::vector<char> buffers_;
    std::size_t size_;
    io_uring ring_{};
    std::uint64_t cpu_ns_ = 0;
};

struct pairs {
    std::vector<descriptor> asking;
    std::vector<descriptor> answering;
};

void set_no_delay(int fd) {
    const int yes = 1;
    check(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes), "TCP_NODELAY");
}

pairs unix_pairs(std::int64_t count) {
    pairs made;
    for (std::int64_t i = 0; i < count; ++i) {
        int ends[2];
        check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
        made.asking.emplace_back(ends[0]);
        made.answering.emplace_back(ends[1]);
    }
    return made;
}

pairs tcp_pairs(std::int64_t count) {
    const descriptor listener(check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_in where{};
    socklen_t length = sizeof where;
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const address = reinterpret_cast<sockaddr*>(&where);
    check(::bind(listener.get(), address, length), "bind");
    check(::listen(listener.get(), 16), "listen");
    check(::getsockname(listener.get(), address, &length), "getsockname");
    pairs made;
    for (std::int64_t i = 0; i < count; ++i) {
        made.asking.emplace_back(check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        check(::connect(made.asking.back().get(), address, length), "connect");
        made.answering.emplace_back(check(::accept(listener.get(), nullptr, nullptr), "accept"));
        set_no_delay(made.asking.back().get());
        set_no_delay(made.answering.back().get());
    }
    return made;
}

floor_figures measure(const floor_load& load) {
    load::allow_descriptors(static_cast<std::uint64_t>(2 * load.connections));
    pairs ends = load.is_over_unix ? unix_pairs(load.connections) : tcp_pairs(load.connections);
    const auto size = static_cast<std::size_t>(load.size_bytes);
    side client(std::move(ends.asking), size);
    side server(std::move(ends.answering), size);
    client.begin();
    const auto run_for = [&](std::chrono::nanoseconds duration) {
        const std::uint64_t end = load::now_ns() + static_cast<std::uint64_t>(duration.count());
        std::size_t round_trips = 0;
        while (load::now_ns() < end && !is_interrupted()) {
            server.turn();
            round_trips += client.turn();
        }
        return static_cast<double>(round_trips);
    };
    run_for(load.warmup);
    const std::uint64_t of_client = client.cpu_ns();
    const std::uint64_t of_server = server.cpu_ns();
    const std::uint64_t begin = load::now_ns();
    const double count = run_for(load.measure);
    const auto took = static_cast<double>(load::now_ns() - begin);
    if (count == 0) {
        throw trial_failure("loopback_floor: not one message came back in the measured window");
    }
    return {count * 1e9 / took, static_cast<double>(server.cpu_ns() - of_server) / count,
            static_cast<double>(client.cpu_ns() - of_client) / count};
}

}  // namespace

floor_figures run_floor_trial(const floor_load& load, int cpu) {
    floor_figures figures{};
    std::exception_ptr failure;
    std::thread([&] {
        cpu_set_t own;
        CPU_ZERO(&own);
        CPU_SET(cpu, &own);
        ::pthread_setaffinity_np(::pthread_self(), sizeof own, &own);
        try {
            figures = measure(load);
        } catch (...) {
            failure = std::current_exception();
        }
    }).join();
    if (failure) {
        std::rethrow_exception(failure);
    }
    return figures;
}

}  // namespace regatta::floor
