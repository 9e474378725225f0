#pragma once

#include <liburing.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "runtimes/runtime.hpp"
#include "runtimes/support/socket.hpp"

namespace regatta::uring {

/// Memory for one receive, and the bytes in it. Pieces of one connection form a list.
struct block {
    std::byte* memory = nullptr;
    std::size_t size = 0;
    block* next = nullptr;
};

/// The ring of provided buffers of one worker (Linux 5.19): the kernel takes one when bytes arrive,
/// so a connection that waits holds none.
///
/// A slot of the ring (a "buffer id") is not bound to its memory: while a slow session keeps what
/// it was lent, the slot gets other memory (replenish()), so that some slow sessions cannot leave
/// the others without buffers. Memory grows to what slow sessions hold, and is kept.
class lent_buffers {
public:
    /// `count` slots, a power of two, up to 32768. Throws std::system_error.
    lent_buffers(io_uring* ring, unsigned count);
    ~lent_buffers();
    lent_buffers(const lent_buffers&) = delete;
    lent_buffers& operator=(const lent_buffers&) = delete;

    static constexpr unsigned short group = 0;

    /// The kernel has put `size` bytes into slot `id`.
    block& take(unsigned id, std::size_t size) {
        block& filled = *slots_[id];
        filled.size = size;
        filled.next = nullptr;
        free_slots_.push_back(static_cast<unsigned short>(id));
        --in_kernel_;
        return filled;
    }
    /// The kernel has put `size` bytes, maybe more than a buffer holds, into slot `id` and those
    /// provided after it (a receive bundle). Gives the first of a list.
    block& take_bundle(unsigned id, std::size_t size);

    void give_back(block& read) {
        ++returned_;
        if (free_slots_.empty()) [[unlikely]] {
            spare_.push_back(&read);
        } else {
            provide(read);
        }
    }

    /// Once a turn: provides more memory when slow sessions hold nearly all of it.
    void replenish() {
        if (in_kernel_ + std::exchange(returned_, 0) < enough_) [[unlikely]] {
            grow();
        }
    }

    /// Slots that the kernel can fill now, as far as completions were seen.
    unsigned in_kernel() const { return in_kernel_; }
    unsigned count() const { return count_; }

private:
    void provide(block& empty) {
        const unsigned short id = free_slots_.back();
        free_slots_.pop_back();
        slots_[id] = &empty;
        places_[id] = tail_;
        order_[tail_ & mask_] = id;
        ::io_uring_buf_ring_add(entries_, empty.memory, receive_bytes, id, mask_, 0);
        ::io_uring_buf_ring_advance(entries_, 1);
        ++tail_;
        ++in_kernel_;
    }
    void grow();
    void allocate(unsigned blocks);

    io_uring* ring_;
    unsigned count_;
    int mask_;
    unsigned enough_;         // slots that are filled or about to be, under which memory grows
    unsigned in_kernel_ = 0;  // slots with memory for the kernel
    unsigned returned_ = 0;   // blocks given back in this turn
    unsigned short tail_ = 0;
    io_uring_buf_ring* entries_ = nullptr;
    std::vector<block*> slots_;               // by id
    std::vector<unsigned short> places_;      // by id: where in the ring it was provided
    std::vector<unsigned short> order_;       // ids by that place
    std::vector<unsigned short> free_slots_;  // ids that the kernel does not have
    std::vector<block*> spare_;
    std::vector<std::unique_ptr<std::byte[]>> arenas_;
    std::vector<std::unique_ptr<block[]>> blocks_;
};

/// Bytes that a receive lends: back in the ring when this is destroyed. Empty at the end of the
/// stream.
class lent_bytes {
public:
    lent_bytes() = default;
    lent_bytes(lent_buffers& owner, block& read) : owner_(&owner), block_(&read) {}
    lent_bytes(lent_bytes&& other) noexcept
        : owner_(other.owner_), block_(std::exchange(other.block_, nullptr)) {}
    lent_bytes& operator=(lent_bytes&& other) noexcept {
        std::swap(owner_, other.owner_);
        std::swap(block_, other.block_);
        return *this;
    }
    ~lent_bytes() {
        if (block_ != nullptr) {
            owner_->give_back(*block_);
        }
    }

    operator bytes_view() const {
        return block_ == nullptr ? bytes_view() : bytes_view(block_->memory, block_->size);
    }
    const std::byte* data() const { return block_ == nullptr ? nullptr : block_->memory; }
    std::size_t size() const { return block_ == nullptr ? 0 : block_->size; }
    bool empty() const { return block_ == nullptr; }

private:
    lent_buffers* owner_ = nullptr;
    block* block_ = nullptr;
};

}  // namespace regatta::uring
