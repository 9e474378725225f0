#include "runtimes/uring_multishot/lent_buffers.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace regatta::uring {

lent_buffers::lent_buffers(io_uring* ring, unsigned count)
    : ring_(ring),
      count_(count),
      mask_(::io_uring_buf_ring_mask(count)),
      enough_(std::max(count / 4, 1u)),
      slots_(count),
      places_(count),
      order_(count) {
    void* const mapped = ::mmap(nullptr, count * sizeof(io_uring_buf), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
        throw std::system_error(errno, std::generic_category(), "mmap");
    }
    entries_ = static_cast<io_uring_buf_ring*>(mapped);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(mapped);
    registration.ring_entries = count;
    registration.bgid = group;
    if (const int refused = ::io_uring_register_buf_ring(ring_, &registration, 0); refused != 0) {
        ::munmap(mapped, count * sizeof(io_uring_buf));
        throw std::system_error(-refused, std::generic_category(), "io_uring_register_buf_ring");
    }
    ::io_uring_buf_ring_init(entries_);
    for (unsigned id = count; id-- > 0;) {
        free_slots_.push_back(static_cast<unsigned short>(id));
    }
    allocate(count);
    while (!free_slots_.empty()) {
        provide(*std::exchange(spare_.back(), nullptr));
        spare_.pop_back();
    }
}

lent_buffers::~lent_buffers() {
    ::io_uring_unregister_buf_ring(ring_, group);
    ::munmap(entries_, count_ * sizeof(io_uring_buf));
}

void lent_buffers::allocate(unsigned blocks) {
    auto& arena = arenas_.emplace_back(new std::byte[blocks * receive_bytes]);
    auto& made = blocks_.emplace_back(new block[blocks]);
    for (unsigned i = blocks; i-- > 0;) {
        made[i].memory = arena.get() + i * receive_bytes;
        spare_.push_back(&made[i]);
    }
}

void lent_buffers::grow() {
    for (unsigned i = 0; i < enough_ && !free_slots_.empty(); ++i) {
        if (spare_.empty()) {
            allocate(enough_);
        }
        block& one = *spare_.back();
        spare_.pop_back();
        provide(one);
    }
}

block& lent_buffers::take_bundle(unsigned id, std::size_t size) {
    block* first = nullptr;
    block** link = &first;
    for (;;) {
        const unsigned after = order_[static_cast<unsigned short>(places_[id] + 1) & mask_];
        block& one = take(id, std::min(size, receive_bytes));
        *link = &one;
        link = &one.next;
        size -= one.size;
        if (size == 0) {
            return *first;
        }
        id = after;
    }
}

}  // namespace regatta::uring
