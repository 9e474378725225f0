#pragma once

#include <vector>

#include "harness/load/descriptor.hpp"
#include "harness/load/engine.hpp"

namespace regatta::load {

/// The fallback: level-triggered epoll, one recv() or send() a system call. Each is timed by
/// itself.
class epoll_engine final : public engine {
public:
    /// Throws failure when the kernel has no epoll instance to give.
    explicit epoll_engine(std::span<const int> sockets);

    std::string_view name() const override { return "epoll"; }
    void send(connection_id id, bytes_view bytes) override;
    void send_anew(connection_id id, bytes_view bytes) override;
    void close(connection_id id) override;
    void wait(engine_events& events, std::uint64_t deadline_ns) override;

private:
    struct peer {
        int fd;
        bytes_view outgoing;  // what is left of the send in progress
        bool is_open = true;
        bool waits_for_room = false;
        bool is_anew = false;  // its next send goes over a new socket
    };

    void watch(connection_id id);
    void renew(engine_events& events, connection_id id);
    void push(engine_events& events, connection_id id);
    void pull(engine_events& events, connection_id id);
    void watch_for_room(connection_id id, bool wanted);
    void lose(engine_events& events, connection_id id, int error);

    descriptor epoll_;
    std::vector<peer> peers_;
    std::vector<connection_id> queued_;
    std::vector<std::byte> buffer_;
};

}  // namespace regatta::load
