#include "harness/micro/frame_overhead/echo_client.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "harness/server/conversation.hpp"

namespace regatta::overhead {

echo_client::echo_client(std::uint16_t port, std::size_t connections) {
    for (std::size_t i = 0; i < connections; ++i) {
        connect(port);
    }
}

echo_client::~echo_client() {
    for (const int fd : connections_) {
        ::close(fd);
    }
}

void echo_client::connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{30, 0};
    const int on = 1;
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        throw std::system_error(errno, std::generic_category(), "cannot connect to the server");
    }
    connections_.push_back(fd);
}

std::uint64_t echo_client::run(std::uint64_t requests) {
    std::uint64_t answered = 0;
    while (answered < requests) {
        ++rounds_;
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            send(i);
        }
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            receive(i);
        }
        answered += connections_.size();
    }
    return answered;
}

// Round and connection stand in the message, so that an answer to another one is noticed.
void echo_client::send(std::size_t index) {
    const std::uint64_t mark[] = {rounds_, index};
    std::memcpy(message_.data(), mark, sizeof mark);
    const ssize_t sent =
        ::send(connections_[index], message_.data(), message_.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(message_.size())) {
        throw trial_failure("the server closed a connection");
    }
}

void echo_client::receive(std::size_t index) {
    std::array<char, message_bytes> reply;
    const ssize_t got = ::recv(connections_[index], reply.data(), reply.size(), MSG_WAITALL);
    const std::uint64_t mark[] = {rounds_, index};
    std::memcpy(message_.data(), mark, sizeof mark);
    if (got != static_cast<ssize_t>(reply.size())) {
        throw trial_failure("the server left a request without its whole reply");
    }
    if (reply != message_) {
        throw trial_failure("the server sent other bytes back than it was sent");
    }
}

}  // namespace regatta::overhead
