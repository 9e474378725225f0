#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "workloads/workload.hpp"

namespace regatta::load {

/// Number of a connection, from 0; the engine and the driver mean the same one by it.
using connection_id = std::uint32_t;

/// What an engine tells its user; called only from within engine::wait(). Times are
/// CLOCK_MONOTONIC and never decrease.
class engine_events {
public:
    engine_events() = default;
    engine_events(const engine_events&) = delete;
    engine_events& operator=(const engine_events&) = delete;
    virtual ~engine_events() = default;

    /// The first bytes of the last send() on `id` are about to be handed to the kernel.
    virtual void sending(connection_id id, std::uint64_t now_ns) = 0;
    /// A send_anew() on `id` is about to be handed over, its time has been told: gives the new
    /// socket, which stays the caller's and may still be connecting, or a negative errno value.
    virtual int open(connection_id) { return -ENOTCONN; }
    /// The kernel took `bytes` more bytes of that send.
    virtual void sent(connection_id id, std::size_t bytes) = 0;
    /// Bytes came; they are valid during the call.
    virtual void received(connection_id id, bytes_view bytes, std::uint64_t now_ns) = 0;
    /// The connection is of no more use: 0 when the peer closed it, else the errno value. Nothing
    /// more is told of it.
    virtual void lost(connection_id id, int error, std::uint64_t now_ns) = 0;
};

/// Moves the bytes of connected sockets; knows nothing of requests. Belongs to one thread. The
/// sockets stay the caller's and must outlive the engine.
class engine {
public:
    engine() = default;
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;
    virtual ~engine() = default;

    /// "io_uring" or "epoll".
    virtual std::string_view name() const = 0;
    /// Queues `bytes`, at least one, for the connection: one send at a time, the next after sent()
    /// has told of the last byte. The bytes must stay until then, or until the engine is destroyed
    /// when the connection is lost. Nothing moves before wait().
    virtual void send(connection_id id, bytes_view bytes) = 0;
    /// The same, but over a new socket. The connection is lost or closed; its old socket is no
    /// longer used.
    virtual void send_anew(connection_id id, bytes_view bytes) = 0;
    /// Shuts the connection down; nothing more is told of it.
    virtual void close(connection_id id) = 0;
    /// Hands the queued sends to the kernel, waits until something happened or until
    /// `deadline_ns` (CLOCK_MONOTONIC), and tells of all that happened. May return early. Throws
    /// failure when the kernel refuses.
    virtual void wait(engine_events& events, std::uint64_t deadline_ns) = 0;
};

struct chosen_engine {
    std::unique_ptr<regatta::load::engine> engine;
    std::string note;  ///< why it is not the one that was wanted; empty when it is
};

/// The engine called `wanted` for these sockets; epoll when io_uring is wanted and cannot be had.
chosen_engine make_engine(std::string_view wanted, std::span<const int> sockets);

}  // namespace regatta::load
