#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "runtimes/runtime.hpp"
#include "runtimes/support/socket.hpp"

namespace regatta {

/// Receive buffers of one worker. An idle connection holds none: a buffer is taken when bytes are
/// there and returned when the session lets go of them.
class buffer_pool {
public:
    std::byte* take() {
        // Nearly always one buffer serves all connections in turn.
        if (std::byte* const usual = std::exchange(spare_, nullptr)) {
            return usual;
        }
        return take_another();
    }
    void give(std::byte* buffer) {
        if (spare_ == nullptr) {
            spare_ = buffer;
        } else {
            free_.push_back(buffer);
        }
    }

private:
    std::byte* take_another() {
        if (free_.empty()) {
            owned_.push_back(std::make_unique<std::byte[]>(receive_bytes));
            return owned_.back().get();
        }
        std::byte* const buffer = free_.back();
        free_.pop_back();
        return buffer;
    }

    std::byte* spare_ = nullptr;
    std::vector<std::byte*> free_;
    std::vector<std::unique_ptr<std::byte[]>> owned_;
};

/// Received bytes; returns their buffer to the pool when destroyed.
class lent_bytes {
public:
    lent_bytes() = default;
    lent_bytes(buffer_pool& pool, std::byte* data, std::size_t size)
        : pool_(&pool), data_(data), size_(size) {}
    lent_bytes(lent_bytes&& other) noexcept
        : pool_(other.pool_), data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}
    lent_bytes& operator=(lent_bytes&&) = delete;
    ~lent_bytes() {
        if (data_ != nullptr) {
            pool_->give(data_);
        }
    }
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    operator bytes_view() const { return {data_, size_}; }

private:
    buffer_pool* pool_ = nullptr;
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace regatta
