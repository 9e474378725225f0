#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "runtimes/runtime.hpp"
#include "runtimes/support/socket.hpp"

namespace regatta {

/// Receive buffers of one worker, so that an idle connection holds none. All receives go into the
/// current buffer. A session nearly always is done with the bytes before the next receive of any
/// connection; one that is not keeps the buffer, and another becomes the current one.
class buffer_pool {
public:
    buffer_pool() { replace_current(); }
    std::byte* current() const { return current_; }

    /// Gives the current buffer to somebody who still looks into it.
    std::byte* keep_current() {
        std::byte* const kept = current_;
        replace_current();
        return kept;
    }
    void give_back(std::byte* kept) { free_.push_back(kept); }

private:
    void replace_current() {
        if (free_.empty()) {
            owned_.push_back(std::make_unique<std::byte[]>(receive_bytes));
            free_.push_back(owned_.back().get());
        }
        current_ = free_.back();
        free_.pop_back();
    }

    std::byte* current_ = nullptr;
    std::vector<std::byte*> free_;
    std::vector<std::unique_ptr<std::byte[]>> owned_;
};

}  // namespace regatta
