#pragma once

#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

namespace regatta {

using steady_time = std::chrono::steady_clock::time_point;

/// One pending wait. Lives in the waiter's own frame or stack, so a timer costs no allocation.
/// `Waiter` is what the loop resumes: a coroutine handle, a fiber's context.
template <class Waiter>
struct timer {
    steady_time due;
    Waiter waiter{};
    std::size_t index = 0;   ///< its place in the heap, kept by timer_heap
    bool cancelled = false;  ///< set when it was removed before it was due
};

/// Timers ordered by due time: a binary heap in which each timer knows its place, so that adding
/// and removing any of n timers takes O(log n) and looking at the first O(1).
template <class Waiter>
class timer_heap {
    using timer = regatta::timer<Waiter>;

public:
    bool empty() const { return heap_.empty(); }
    std::size_t size() const { return heap_.size(); }
    const timer& first() const { return *heap_.front(); }

    void add(timer& entry) {
        heap_.push_back(&entry);
        entry.index = heap_.size() - 1;
        up(entry.index);
    }

    void remove(timer& entry) {
        const std::size_t hole = entry.index;
        timer* const last = heap_.back();
        heap_.pop_back();
        if (last != &entry) {
            place(hole, last);
            up(hole);
            down(last->index);
        }
    }

    timer& take_first() {
        timer& entry = *heap_.front();
        remove(entry);
        return entry;
    }

private:
    void place(std::size_t index, timer* entry) {
        heap_[index] = entry;
        entry->index = index;
    }
    void up(std::size_t index) {
        timer* const entry = heap_[index];
        while (index > 0 && entry->due < heap_[(index - 1) / 2]->due) {
            place(index, heap_[(index - 1) / 2]);
            index = (index - 1) / 2;
        }
        place(index, entry);
    }
    void down(std::size_t index) {
        timer* const entry = heap_[index];
        for (;;) {
            std::size_t child = 2 * index + 1;
            if (child >= heap_.size()) {
                break;
            }
            if (child + 1 < heap_.size() && heap_[child + 1]->due < heap_[child]->due) {
                ++child;
            }
            if (!(heap_[child]->due < entry->due)) {
                break;
            }
            place(index, heap_[child]);
            index = child;
        }
        place(index, entry);
    }

    std::vector<timer*> heap_;
};

}  // namespace regatta
