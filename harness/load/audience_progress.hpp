#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "harness/load/connection.hpp"

namespace regatta::load {

/// How far the slowest of several connections is that get the same messages.
class audience_progress {
public:
    explicit audience_progress(std::size_t connections) : behind_(connections) {}

    /// Messages that every open connection has got.
    std::uint64_t answered_by_all() const { return answered_by_all_; }

    /// An open connection that had got `before` messages has got one more, or is lost.
    void moved_on(std::uint64_t before) { behind_ -= before == answered_by_all_ ? 1 : 0; }

    /// Takes account of that; true when all have got a further message.
    bool advance(const std::vector<connection>& all) {
        if (behind_ != 0) {
            return false;
        }
        std::uint64_t least = ~std::uint64_t{0};
        for (const connection& each : all) {
            if (each.is_open && each.answered < least) {
                least = each.answered;
                behind_ = 0;
            }
            behind_ += each.is_open && each.answered == least ? 1 : 0;
        }
        if (behind_ == 0) {
            return false;
        }
        answered_by_all_ = least;
        return true;
    }

private:
    std::uint64_t answered_by_all_ = 0;
    std::size_t behind_;  // open connections that have got no more than that
};

}  // namespace regatta::load
