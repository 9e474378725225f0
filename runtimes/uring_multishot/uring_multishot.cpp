#include "runtimes/uring_multishot/uring_multishot.hpp"

#include <poll.h>
#include <sys/prctl.h>

#include <array>
#include <bit>
#include <cstdio>

namespace regatta {
namespace {

using uring::trick;

// Not in liburing 2.3's headers: ioprio of a receive that may fill several buffers for one
// completion (Linux 6.10, include/uapi/linux/io_uring.h).
constexpr std::uint16_t receive_bundle_flag = 1u << 4;

constexpr parameter direct_files_parameter = {
    "registered_files", "", 1, 0, 1, "sockets are accepted into slots of the ring", uring::off_on};

enum : std::size_t {
    ring_entries,
    buffers,
    registered_files,
    sqpoll,
    zero_copy_send,
    bundle,
    offload_threads,
    offload_scheduling
};

constexpr std::array tricks = {
    std::pair(trick::registered_files, direct_files_parameter),
    std::pair(trick::sqpoll, uring::sqpoll_parameter),
    std::pair(trick::zero_copy_send, uring::zero_copy_send_parameter),
    std::pair(trick::receive_bundle, uring::receive_bundle_parameter),
};

bool register_slots(uring::ring& ring, std::int64_t asked, std::vector<std::string>& notes) {
    if (!uring::grant(trick::registered_files, direct_files_parameter, asked, notes)) {
        return false;
    }
    const int refused = ::io_uring_register_files_sparse(ring.native(), uring::file_table_slots());
    if (refused != 0) {
        notes.push_back(std::string("registered_files is off: ") + std::strerror(-refused));
    }
    return refused == 0;
}

}  // namespace

runtime_info uring_multishot_runtime::about() {
    static const parameter parameters[] = {
        {"ring_entries", "", 4096, 8, 32768, "submission entries of each worker's ring"},
        {"buffers", "", 256, 1, 32768, "provided buffers of each worker, a power of two"},
        direct_files_parameter,
        uring::sqpoll_parameter,
        uring::zero_copy_send_parameter,
        uring::receive_bundle_parameter,
        offload_pool::threads_parameter,
        offload_pool::scheduling_parameter(),
    };
    return {"uring_multishot",
            "coroutine",
            "io_uring",
            "a coroutine loop on io_uring: multishot accept and receive, lent provided buffers",
            {{"liburing", REGATTA_LIBURING_VERSION}},
            parameters};
}

std::optional<std::string> uring_multishot_runtime::unavailable() {
    const auto reason = uring::obstacle();
    return reason ? reason : uring::obstacle(trick::multishot_receive);
}

std::vector<std::string> uring_multishot_runtime::lacks() {
    return uring::lacking(tricks);
}

uring_multishot_runtime::uring_multishot_runtime(const runtime_settings& settings)
    : coroutine_worker(settings.at(offload_threads), settings.at(offload_scheduling)),
      options_{static_cast<unsigned>(settings.at(ring_entries)),
               uring::grant(trick::sqpoll, uring::sqpoll_parameter, settings.at(sqpoll), notes_)},
      ring_(options_, notes_),
      buffers_(ring_.native(), std::bit_ceil(static_cast<unsigned>(settings.at(buffers)))),
      shared_{ring_,
              buffers_,
              loop_,
              register_slots(ring_, settings.at(registered_files), notes_),
              uring::grant(trick::receive_bundle, uring::receive_bundle_parameter,
                           settings.at(bundle), notes_)
                  ? receive_bundle_flag
                  : std::uint16_t{0},
              static_cast<std::uint8_t>(uring::grant(trick::zero_copy_send,
                                                     uring::zero_copy_send_parameter,
                                                     settings.at(zero_copy_send), notes_)
                                            ? IORING_OP_SEND_ZC
                                            : IORING_OP_SEND),
              {}} {
    if (buffers_.count() != settings.at(buffers)) {
        notes_.push_back("buffers is rounded up to a power of two");
    }
    // Timers then fire within a microsecond instead of 50 (prctl(2), PR_SET_TIMERSLACK).
    ::prctl(PR_SET_TIMERSLACK, 1UL);
}

runtime_settings uring_multishot_runtime::configuration() const {
    return {options_.entries,
            buffers_.count(),
            shared_.has_direct_files,
            options_.has_polling_thread,
            shared_.send_opcode == IORING_OP_SEND_ZC,
            shared_.receive_flags != 0,
            offload_.threads,
            offload_.scheduling};
}

void uring_multishot_runtime::turn(std::optional<std::chrono::nanoseconds> longest) {
    auto patience = loop_.patience();
    // Those fed last may have nothing to receive: the next ones must not wait for them.
    if (!shared_.starved.empty() && buffers_.in_kernel() != 0) [[unlikely]] {
        patience = std::chrono::nanoseconds(0);
    }
    const auto most =
        patience && longest ? std::min(*patience, *longest) : (patience ? patience : longest);
    ring_.enter(most);
    ring_.reap([this](const io_uring_cqe& event) { dispatch(event); });
    buffers_.replenish();
    if (!shared_.starved.empty()) [[unlikely]] {
        // What was returned in this turn may have been taken in it too, where a full queue of
        // submissions was handed over in between: nobody would wake those that starve.
        if (buffers_.in_kernel() == 0) {
            buffers_.replenish();
        }
        shared_.feed_starved();
    }
    if (loop_.needs_attention()) {
        loop_.attend();
    }
}

void uring_multishot_runtime::dispatch(const io_uring_cqe& event) {
    using namespace uring::multishot;
    const std::uint64_t target = event.user_data & ~std::uint64_t{tag_mask};
    switch (event.user_data & tag_mask) {
        case receive_tag:
            reinterpret_cast<connection*>(target)->on_received(event);
            break;
        case operation_tag:
            if (target != 0) {
                reinterpret_cast<uring::operation*>(target)->complete(event);
            }
            break;
        default:
            on_accepted(event);
    }
}

void uring_multishot_runtime::accept_more() {
    io_uring_sqe* const entry = ring_.prepare_unawaited();
    // TCP_NODELAY is inherited from the listener: a slot has no descriptor for setsockopt().
    if (shared_.has_direct_files) {
        ::io_uring_prep_multishot_accept_direct(entry, listener_, nullptr, nullptr, 0);
    } else {
        ::io_uring_prep_multishot_accept(entry, listener_, nullptr, nullptr, SOCK_CLOEXEC);
    }
    entry->user_data = uring::multishot::accept_tag;
    is_accepting_ = true;
}

void uring_multishot_runtime::on_accepted(const io_uring_cqe& event) {
    const int result = event.res;
    is_accepting_ = (event.flags & IORING_CQE_F_MORE) != 0;
    if (result >= 0 && is_stopping_) {
        shared_.close(result);
    } else if (result >= 0) {
        accepted_.push_back(result);
    }
    if (is_accepting_ || is_stopping_) {
        return;
    }
    if (is_exhaustion(-result)) {
        loop_.start_helper(accept_later());
    } else if (result >= 0 || is_passing_accept_error(-result) || result == -ECANCELED) {
        accept_more();
    } else {
        loop_.start_helper(give_up_accepting(-result));
    }
}

// An exception of a root task, as accepting is on the other runtimes, is told on standard error.
lazy_task<void> uring_multishot_runtime::give_up_accepting(int error) {
    throw std::system_error(error, std::generic_category(), "accept");
    co_return;
}

lazy_task<void> uring_multishot_runtime::accept_later() {
    const auto [stopped] = co_await sleep_for(std::chrono::milliseconds(10));
    if (!stopped && !is_stopping_) {
        accept_more();
    }
}

void uring_multishot_runtime::watch_mail() {
    if (!std::exchange(is_reading_mail_, true)) {
        loop_.start_helper(read_mail());
    }
}

lazy_task<void> uring_multishot_runtime::read_mail() {
    while ((is_serving_ && !is_stopping_) || expected_letters_ != 0) {
        uring::operation arrived;
        ::io_uring_prep_poll_add(ring_.prepare(arrived), mail_.fd(), POLLIN);
        co_await uring::completion{arrived};
        mail_.take();
        is_stopping_ = mail_.is_stopping();
    }
    is_reading_mail_ = false;
}

uring_multishot_runtime::task<connected<uring_multishot_runtime::stream>>
uring_multishot_runtime::connect(endpoint where) {
    using result = connected<stream>;
    unique_fd socket;
    if (const int error = uring::open_socket(where, socket); error != 0) {
        co_return result{io_error(error), std::nullopt};
    }
    const io_error refused = co_await uring::connect_awaiter(ring_, loop_, socket.get(), where);
    if (refused) {
        co_return result{refused, std::nullopt};
    }
    int file = socket.get();
    if (shared_.has_direct_files) {
        // The kernel chooses a free slot and writes its number over the descriptor's (Linux 6.0).
        uring::operation moved;
        io_uring_sqe* const entry = ring_.prepare(moved);
        ::io_uring_prep_files_update(entry, &file, 1, static_cast<int>(IORING_FILE_INDEX_ALLOC));
        const int count = co_await uring::completion{moved};
        if (count < 0) {
            co_return result{io_error(-count), std::nullopt};
        }
    } else {
        socket.release();
    }
    co_return result{io_error(), stream(*this, file, open_.opened)};
}

void uring_multishot_runtime::stop_accepting() {
    for (const int file : std::exchange(accepted_, {})) {
        shared_.close(file);
    }
    if (is_accepting_) {
        ::io_uring_prep_cancel64(ring_.prepare_unawaited(), uring::multishot::accept_tag, 0);
    }
}

void uring_multishot_runtime::close_rest() {
    while (shared_.live != 0 || is_accepting_) {
        turn(drain_deadline);
    }
    turn(std::chrono::nanoseconds(0));
}

}  // namespace regatta
