#include "harness/load/provided_buffers.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <system_error>

namespace regatta::load {

provided_buffers::provided_buffers(io_uring& ring, unsigned short group, unsigned count,
                                   std::size_t bytes_each)
    : ring_(ring), group_(group), bytes_each_(bytes_each), mask_(io_uring_buf_ring_mask(count)) {
    // The entries must begin on a page; the buffers follow in the same mapping.
    const std::size_t page = 4096;
    const std::size_t entries_bytes = (count * sizeof(io_uring_buf) + page - 1) / page * page;
    mapped_bytes_ = entries_bytes + count * bytes_each;
    void* const mapped =
        mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
        throw std::system_error(errno, std::generic_category(), "mmap");
    }
    entries_ = static_cast<io_uring_buf_ring*>(mapped);
    data_ = static_cast<std::byte*>(mapped) + entries_bytes;

    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(entries_);
    registration.ring_entries = count;
    registration.bgid = group;
    if (const int refused = io_uring_register_buf_ring(&ring_, &registration, 0); refused != 0) {
        munmap(mapped, mapped_bytes_);
        throw std::system_error(-refused, std::generic_category(), "io_uring_register_buf_ring");
    }
    io_uring_buf_ring_init(entries_);
    for (unsigned i = 0; i < count; ++i) {
        give_back(i);
    }
    publish();
}

provided_buffers::~provided_buffers() {
    io_uring_unregister_buf_ring(&ring_, group_);
    munmap(entries_, mapped_bytes_);
}

}  // namespace regatta::load
