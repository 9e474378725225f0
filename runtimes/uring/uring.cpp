#include "runtimes/uring/uring.hpp"

#include <poll.h>
#include <sys/prctl.h>

#include <array>

namespace regatta {
namespace {

constexpr std::array tricks = {
    std::pair(uring::trick::registered_files, uring::registered_files_parameter),
    std::pair(uring::trick::sqpoll, uring::sqpoll_parameter),
    std::pair(uring::trick::zero_copy_send, uring::zero_copy_send_parameter),
};

}  // namespace

runtime_info uring_runtime::about() {
    static const parameter parameters[] = {
        {"ring_entries", "", 4096, 8, 32768, "submission entries of each worker's ring"},
        uring::registered_files_parameter,
        uring::sqpoll_parameter,
        uring::zero_copy_send_parameter,
        offload_pool::threads_parameter,
        offload_pool::scheduling_parameter(),
    };
    return {"uring",
            "coroutine",
            "io_uring",
            "a coroutine loop on io_uring, one submission per operation",
            {{"liburing", REGATTA_LIBURING_VERSION}},
            parameters};
}

std::vector<std::string> uring_runtime::lacks() {
    return uring::lacking(tricks);
}

uring_runtime::uring_runtime(const runtime_settings& settings)
    : coroutine_worker(settings.at(4), settings.at(5)),
      options_{static_cast<unsigned>(settings.at(0)),
               uring::grant(uring::trick::sqpoll, uring::sqpoll_parameter, settings.at(2), notes_)},
      ring_(options_, notes_),
      files_(ring_, settings.at(1), notes_),
      send_opcode_(uring::grant(uring::trick::zero_copy_send, uring::zero_copy_send_parameter,
                                settings.at(3), notes_)
                       ? IORING_OP_SEND_ZC
                       : IORING_OP_SEND) {
    // Timers then fire within a microsecond instead of 50 (prctl(2), PR_SET_TIMERSLACK).
    ::prctl(PR_SET_TIMERSLACK, 1UL);
}

runtime_settings uring_runtime::configuration() const {
    return {options_.entries,
            files_.is_in_use(),
            options_.has_polling_thread,
            send_opcode_ == IORING_OP_SEND_ZC,
            offload_.threads,
            offload_.scheduling};
}

void uring_runtime::watch_mail() {
    if (!std::exchange(is_reading_mail_, true)) {
        loop_.start_helper(read_mail());
    }
}

lazy_task<void> uring_runtime::read_mail() {
    while ((is_serving_ && !is_stopping_) || expected_letters_ != 0) {
        uring::operation arrived;
        ::io_uring_prep_poll_add(ring_.prepare(arrived), mail_.fd(), POLLIN);
        co_await uring::completion{arrived};
        mail_.take();
        is_stopping_ = mail_.is_stopping();
    }
    is_reading_mail_ = false;
}

uring_runtime::task<connected<uring_runtime::stream>> uring_runtime::connect(endpoint where) {
    using result = connected<stream>;
    unique_fd socket;
    if (const int error = uring::open_socket(where, socket); error != 0) {
        co_return result{io_error(error), std::nullopt};
    }
    const io_error refused = co_await uring::connect_awaiter(ring_, loop_, socket.get(), where);
    if (refused) {
        co_return result{refused, std::nullopt};
    }
    co_return result{io_error(), stream(*this, std::move(socket), open_.opened)};
}

void uring_runtime::turn(std::optional<std::chrono::nanoseconds> longest) {
    const auto patience = loop_.patience();
    if (patience && longest) {
        ring_.wait(std::min(*patience, *longest));
    } else {
        ring_.wait(patience ? patience : longest);
    }
    if (loop_.needs_attention()) {
        loop_.attend();
    }
}

}  // namespace regatta
