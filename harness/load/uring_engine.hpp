#pragma once

#include <memory>
#include <vector>

#include <liburing.h>

#include "harness/load/engine.hpp"
#include "harness/load/provided_buffers.hpp"

namespace regatta::load {

/// The engine that measures. Techniques, with the kernel that each needs:
/// - SINGLE_ISSUER (6.0, required) and DEFER_TASKRUN (6.1; without it the ring works, slower):
///   completions are reaped in batches, in the one call that also submits and waits;
/// - multishot receive (6.0) from provided buffers (5.19): a request costs one submission, its
///   send;
/// - registered sockets and ring descriptor, where the kernel allows them.
class uring_engine final : public engine {
public:
    /// Throws std::system_error when this kernel or its administrator does not allow it.
    explicit uring_engine(std::span<const int> sockets);
    ~uring_engine() override;

    std::string_view name() const override { return "io_uring"; }
    void send(connection_id id, bytes_view bytes) override;
    void send_anew(connection_id id, bytes_view bytes) override;
    void close(connection_id id) override;
    void wait(engine_events& events, std::uint64_t deadline_ns) override;

private:
    struct peer {
        int fd;
        bytes_view outgoing;  // what is left of the send in progress
        bool is_open = true;
        bool is_anew = false;          // its next send goes over a new socket
        bool is_registered = false;    // only the first socket is
        std::uint32_t generation = 0;  // which socket it is: completions of older ones may come
    };

    static constexpr unsigned operation_bits = 1;
    static constexpr unsigned id_bits = 32;
    std::uint64_t tag(connection_id id, std::uint64_t operation) const;
    void renew(engine_events& events, connection_id id);
    void prepare_socket(io_uring_sqe& entry, connection_id id) const;

    void hand_over(engine_events& events);
    io_uring_sqe* next_entry();
    void submit();
    void begin_receive(connection_id id);
    void begin_send(connection_id id);
    void dispatch(engine_events& events, std::uint64_t now_ns);
    bool reclaim(const io_uring_cqe& completion);
    void completed_receive(engine_events& events, connection_id id, const io_uring_cqe& completion,
                           std::uint64_t now_ns);
    void completed_send(engine_events& events, connection_id id, int result, std::uint64_t now_ns);
    void lose(engine_events& events, connection_id id, int error, std::uint64_t now_ns);

    io_uring ring_;
    std::unique_ptr<provided_buffers> buffers_;
    std::vector<peer> peers_;
    std::vector<connection_id> queued_sends_;
    std::vector<connection_id> queued_receives_;
    std::size_t operations_ = 0;  // begun, and their last completion not seen yet
};

}  // namespace regatta::load
