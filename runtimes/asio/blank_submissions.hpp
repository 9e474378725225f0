#pragma once

#if defined(BOOST_ASIO_HAS_IO_URING)

#include <liburing.h>

namespace regatta::on_asio {

/// io_uring_get_sqe() whose entry belongs to nobody. Boost.Asio 1.81 gives its cancellations no
/// user data (detail/impl/io_uring_service.ipp, io_uring_prep_cancel and
/// io_uring_prep_timeout_remove), and liburing leaves what the entry's last user wrote: their
/// completions are then taken for those of another operation, whose own completion is lost.
inline io_uring_sqe* blank_submission(io_uring* ring) {
    io_uring_sqe* const entry = ::io_uring_get_sqe(ring);
    if (entry != nullptr) {
        entry->user_data = 0;
    }
    return entry;
}

}  // namespace regatta::on_asio

// Asio writes `::io_uring_get_sqe(&ring_)`, and has no other place for this.
#define io_uring_get_sqe(ring) regatta::on_asio::blank_submission(ring)

#endif
