#include "harness/distributed/local_transport.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "harness/load/failure.hpp"

namespace regatta::distributed {
namespace {

using nlohmann::json;

[[noreturn]] void cannot_start(unsigned rank, const char* step) {
    throw load::failure(
        load::failure::kind::machine_cannot,
        fmt::format("cannot start rank {}: {}: {}", rank, step, std::strerror(errno)),
        "ask for fewer ranks");
}

std::string describe_status(int status) {
    return WIFSIGNALED(status)
               ? fmt::format("its process ended with signal {} ({})", WTERMSIG(status),
                             ::strsignal(WTERMSIG(status)))
               : fmt::format("its process ended with exit status {}", WEXITSTATUS(status));
}

void make_non_blocking(int fd) {
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
}

}  // namespace

std::unique_ptr<local_transport> local_transport::start(unsigned loaders) {
    std::unique_ptr<local_transport> all(new local_transport(0, loaders));
    const pid_t parent = ::getpid();
    for (unsigned rank = 1; rank <= loaders; ++rank) {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
            cannot_start(rank, "socketpair");
        }
        load::descriptor ours(ends[0]);
        load::descriptor theirs(ends[1]);
        const pid_t child = ::fork();
        if (child < 0) {
            cannot_start(rank, "fork");
        }
        if (child == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (::getppid() != parent) {
                ::_exit(1);
            }
            all->become_loader(rank, std::move(theirs));
            return all;
        }
        make_non_blocking(ours.get());
        all->peers_.push_back({rank, std::move(ours), child, {}, {}});
    }
    return all;
}

local_transport::local_transport(unsigned rank, unsigned loaders, unsigned other,
                                 load::descriptor socket)
    : rank_(rank), loaders_(loaders) {
    make_non_blocking(socket.get());
    peers_.push_back({other, std::move(socket), 0, {}, {}});
}

// The words on the standard streams are rank 0's: who reads them must see their end when it ends.
void local_transport::become_loader(unsigned rank, load::descriptor socket) {
    peers_.clear();
    rank_ = rank;
    const load::descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    ::dup2(nothing.get(), STDIN_FILENO);
    ::dup2(nothing.get(), STDOUT_FILENO);
    make_non_blocking(socket.get());
    peers_.push_back({0, std::move(socket), 0, {}, {}});
}

local_transport::~local_transport() {
    constexpr int moments = 200;
    for (int i = 0; i < moments; ++i) {
        bool are_all_gone = true;
        for (peer& each : peers_) {
            flush(each);
            if (each.child != 0 && ::waitpid(each.child, nullptr, WNOHANG) == each.child) {
                each.child = 0;
            }
            are_all_gone = are_all_gone && each.child == 0;
        }
        if (are_all_gone) {
            return;
        }
        ::usleep(10'000);
    }
    local_transport::abandon(0);
}

void local_transport::abandon(int) {
    for (peer& each : peers_) {
        if (each.child != 0) {
            ::kill(each.child, SIGKILL);
            ::waitpid(each.child, nullptr, 0);
            each.child = 0;
        }
    }
}

void local_transport::send(unsigned to, const json& body) {
    if (peer* const receiver = find(to); receiver != nullptr && !receiver->is_gone) {
        receiver->outgoing += body.dump() + '\n';
        flush(*receiver);
    }
}

std::optional<message> local_transport::receive() {
    if (inbox_.empty()) {
        for (peer& each : peers_) {
            flush(each);
            read_available(each);
        }
    }
    if (inbox_.empty()) {
        return std::nullopt;
    }
    message first = std::move(inbox_.front());
    inbox_.pop_front();
    return first;
}

std::optional<departure> local_transport::next_departure() {
    for (peer& each : peers_) {
        if (!each.is_gone || each.is_told) {
            continue;
        }
        if (each.child == 0) {
            each.is_told = true;
            return departure{each.rank, "its connection ended"};
        }
        int status = 0;
        if (::waitpid(each.child, &status, WNOHANG) == each.child) {
            each.child = 0;
            each.is_told = true;
            return departure{each.rank, describe_status(status)};
        }
    }
    return std::nullopt;
}

void local_transport::flush(peer& to) {
    while (!to.is_gone && !to.outgoing.empty()) {
        const ssize_t count =
            ::send(to.socket.get(), to.outgoing.data(), to.outgoing.size(), MSG_NOSIGNAL);
        if (count > 0) {
            to.outgoing.erase(0, static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR) {
            return;  // what it still said can be read; then its end
        }
    }
}

void local_transport::read_available(peer& from) {
    char chunk[65536];
    while (!from.is_gone) {
        const ssize_t count = ::recv(from.socket.get(), chunk, sizeof chunk, 0);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 && errno == EAGAIN) {
            return;
        }
        from.is_gone = count <= 0;
        from.incoming.append(chunk, count > 0 ? static_cast<std::size_t>(count) : 0);
        std::size_t begin = 0;
        for (std::size_t end; (end = from.incoming.find('\n', begin)) != std::string::npos;) {
            inbox_.push_back(
                {from.rank, json::parse(from.incoming.begin() + static_cast<std::ptrdiff_t>(begin),
                                        from.incoming.begin() + static_cast<std::ptrdiff_t>(end))});
            begin = end + 1;
        }
        from.incoming.erase(0, begin);
    }
}

local_transport::peer* local_transport::find(unsigned rank) {
    for (peer& each : peers_) {
        if (each.rank == rank) {
            return &each;
        }
    }
    return nullptr;
}

}  // namespace regatta::distributed
