#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "runtimes/support/socket.hpp"

namespace regatta {

/// What another thread tells a worker. Lives wherever it likes until it is delivered.
class letter {
public:
    letter(const letter&) = delete;
    letter& operator=(const letter&) = delete;

    /// Called by the mailbox on the worker's thread; the letter may be gone afterwards.
    virtual void deliver() noexcept = 0;

    letter* next = nullptr;  ///< the mailbox's

protected:
    letter() = default;
    ~letter() = default;
};

/// The way into a worker from other threads: a descriptor that is readable when there is something.
class mailbox {
public:
    /// For the worker to watch.
    int fd() const { return arrived_->fd(); }

    /// From any thread. Once it returns the letter may have been delivered.
    void post(letter& mail) noexcept {
        // Signalled after unlocking, for the worker may run at once and want the lock; and by an
        // owner of the event, for who takes the last letter may destroy this object.
        const std::shared_ptr<const wake_event> arrived = arrived_;
        bool is_first;
        {
            const std::lock_guard lock(mutex_);
            mail.next = nullptr;
            is_first = last_ == nullptr;
            (is_first ? first_ : last_->next) = &mail;
            last_ = &mail;
        }
        if (is_first) {
            arrived->signal();
        }
    }
    /// From any thread: the worker shall stop.
    void stop() noexcept {
        is_stopping_.store(true, std::memory_order_release);
        arrived_->signal();
    }

    /// Makes the descriptor readable without a letter, so that the worker looks.
    void nudge() noexcept { arrived_->signal(); }

    bool is_stopping() const { return is_stopping_.load(std::memory_order_acquire); }
    /// On the worker's thread, when the descriptor was readable: delivers all letters in the order
    /// in which they came.
    void take() noexcept {
        arrived_->clear();
        letter* mail;
        {
            const std::lock_guard lock(mutex_);
            mail = std::exchange(first_, nullptr);
            last_ = nullptr;
        }
        while (mail != nullptr) {
            std::exchange(mail, mail->next)->deliver();
        }
    }

private:
    const std::shared_ptr<const wake_event> arrived_ = std::make_shared<const wake_event>();
    std::atomic<bool> is_stopping_{false};
    std::mutex mutex_;
    letter* first_ = nullptr;
    letter* last_ = nullptr;
};

}  // namespace regatta
