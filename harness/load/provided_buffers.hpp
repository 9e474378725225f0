#pragma once

#include <cstddef>
#include <span>

#include <liburing.h>

#include "workloads/workload.hpp"

namespace regatta::load {

/// A ring of equal buffers that the kernel takes from when bytes arrive (Linux 5.19): a connection
/// that waits holds none.
class provided_buffers {
public:
    /// `count` is a power of two. Throws std::system_error when the kernel refuses.
    provided_buffers(io_uring& ring, unsigned short group, unsigned count, std::size_t bytes_each);
    provided_buffers(const provided_buffers&) = delete;
    provided_buffers& operator=(const provided_buffers&) = delete;
    ~provided_buffers();

    unsigned short group() const { return group_; }
    bytes_view view(unsigned buffer, std::size_t length) const {
        return {data_ + buffer * bytes_each_, length};
    }
    /// Gives a buffer back; the kernel sees it after publish().
    void give_back(unsigned buffer) {
        io_uring_buf_ring_add(
            entries_, data_ + buffer * bytes_each_, static_cast<unsigned>(bytes_each_),
            static_cast<unsigned short>(buffer), mask_, static_cast<int>(given_back_++));
    }
    void publish() {
        io_uring_buf_ring_advance(entries_, static_cast<int>(given_back_));
        given_back_ = 0;
    }

private:
    io_uring& ring_;
    unsigned short group_;
    std::size_t bytes_each_;
    std::size_t mapped_bytes_;
    int mask_;
    unsigned given_back_ = 0;
    io_uring_buf_ring* entries_;
    std::byte* data_;
};

}  // namespace regatta::load
