#include "harness/load/first_exchange.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include <fmt/format.h>

#include "harness/load/clock.hpp"
#include "harness/load/failure.hpp"

namespace regatta::load {
namespace {

constexpr std::uint64_t request_number = 0;
// At once: enough for a server to work on, and no flood.
constexpr std::size_t batch = 64;

class conversation {
public:
    conversation(int socket, const client_protocol& protocol)
        : socket_(socket), protocol_(protocol) {
        protocol.append_request(request_number, request_);
    }

    /// Sends what there is room for; false when the connection is lost.
    bool send_some(client_counters& client) {
        while (sent_ < request_.size()) {
            const ssize_t taken =
                send(socket_, request_.data() + sent_, request_.size() - sent_, MSG_NOSIGNAL);
            if (taken < 0) {
                return errno == EAGAIN || errno == EINTR;
            }
            sent_ += static_cast<std::size_t>(taken);
            client.bytes_sent += static_cast<std::uint64_t>(taken);
            client.requests += sent_ == request_.size() ? 1 : 0;
        }
        return true;
    }

    /// Until the reply is there or the connection is lost; false when neither is so at `end_ns`.
    bool finish(std::uint64_t end_ns, client_counters& client) {
        while (protocol_.reply_length(request_number, reply_) == 0) {
            const std::uint64_t now = now_ns();
            if (now >= end_ns) {
                return false;
            }
            pollfd ready{socket_, POLLIN, 0};
            ready.events |= sent_ < request_.size() ? POLLOUT : 0;
            poll(&ready, 1,
                 static_cast<int>(std::min<std::uint64_t>((end_ns - now) / 1'000'000, 1'000'000)) +
                     1);
            if (!send_some(client) || !receive_some(client)) {
                return true;
            }
        }
        ++client.replies;
        const std::size_t length = protocol_.reply_length(request_number, reply_);
        const bool is_right = length == reply_.size() && protocol_.is_right(request_number, reply_);
        client.wrong_replies += is_right ? 0 : 1;
        return true;
    }

private:
    bool receive_some(client_counters& client) {
        std::byte piece[4096];
        const ssize_t got = recv(socket_, piece, sizeof piece, 0);
        if (got <= 0) {
            return got < 0 && (errno == EAGAIN || errno == EINTR);
        }
        client.bytes_received += static_cast<std::uint64_t>(got);
        reply_.insert(reply_.end(), piece, piece + got);
        return true;
    }

    int socket_;
    const client_protocol& protocol_;
    std::vector<std::byte> request_;
    std::size_t sent_ = 0;
    std::vector<std::byte> reply_;
};

}  // namespace

void exchange_once(std::span<const descriptor> sockets, const client_protocol& protocol,
                   std::uint64_t end_ns, client_counters& client) {
    for (std::size_t begin = 0; begin < sockets.size(); begin += batch) {
        std::vector<conversation> open;
        for (const descriptor& each :
             sockets.subspan(begin, std::min(batch, sockets.size() - begin))) {
            open.emplace_back(each.get(), protocol);
            open.back().send_some(client);
        }
        for (conversation& each : open) {
            if (!each.finish(end_ns, client)) {
                throw failure(failure::kind::other,
                              fmt::format("the server has answered on {} of {} idle connections, "
                                          "and the time for connecting is over",
                                          client.replies, sockets.size()));
            }
        }
    }
}

}  // namespace regatta::load
