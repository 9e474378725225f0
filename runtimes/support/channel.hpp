#pragma once

#include <cerrno>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "runtimes/outcome.hpp"
#include "runtimes/support/parking.hpp"
#include "runtimes/support/wait_list.hpp"

namespace regatta {

/// A queue of at most `capacity` values between tasks of one worker (thread: of its threads); with
/// capacity 0 a send waits for its receive. Senders and receivers are served in the order in which
/// they came. No allocation after construction. Must outlive the waits on it.
template <class Worker, class T>
class channel {
    using mutex_type = typename Worker::mutex;

    struct wait : wait_list<wait>::node {
        channel& queue;
        std::optional<T> value;
        bool is_closed = false;
        typename Worker::parked* task = nullptr;

        explicit wait(channel& of, std::optional<T> sent = std::nullopt)
            : queue(of), value(std::move(sent)) {}
        mutex_type& mutex() { return queue.mutex_; }
    };

public:
    channel(Worker& worker, std::size_t capacity) : worker_(worker), slots_(capacity) {}
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;

    /// Puts `value` into the channel, after waiting for room. Errors: EPIPE when the channel is
    /// closed, ECANCELED; the value then is lost.
    auto send(T value) { return worker_.park(send_operation(*this, std::move(value))); }
    /// Takes the oldest value, after waiting for one. Error: ECANCELED. No error and no value when
    /// the channel is closed and empty.
    auto receive() { return worker_.park(receive_operation(*this)); }

    /// No more values: pending sends end with EPIPE, receives take what is left. Does not wait.
    void close() {
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
        for (wait_list<wait>* const waiting : {&senders_, &receivers_}) {
            while (wait* const each = waiting->pop_front()) {
                each->is_closed = true;
                each->task->wake();
            }
        }
    }

private:
    class send_operation : wait {
    public:
        static constexpr bool is_cancellable = true;
        using wait::mutex;

        send_operation(channel& to, T sent) : wait(to, std::move(sent)) {}
        bool attempt() {
            this->is_closed = this->queue.is_closed_;
            return this->is_closed || this->queue.put(*this->value);
        }
        void enqueue(typename Worker::parked& sender) {
            this->task = &sender;
            this->queue.senders_.push_back(*this);
        }
        bool withdraw() {
            this->queue.senders_.remove(*this);
            return true;
        }
        outcome result(bool was_cancelled) const {
            return {io_error(was_cancelled ? ECANCELED : this->is_closed ? EPIPE : 0)};
        }
    };

    class receive_operation : wait {
    public:
        static constexpr bool is_cancellable = true;
        using wait::mutex;

        explicit receive_operation(channel& from) : wait(from) {}
        bool attempt() { return this->queue.take(this->value) || this->queue.is_closed_; }
        void enqueue(typename Worker::parked& receiver) {
            this->task = &receiver;
            this->queue.receivers_.push_back(*this);
        }
        bool withdraw() {
            this->queue.receivers_.remove(*this);
            return true;
        }
        taken<T> result(bool was_cancelled) {
            return {io_error(was_cancelled ? ECANCELED : 0), std::move(this->value)};
        }
    };

    // While a receiver waits the channel is empty; while a sender waits it is full.
    bool put(T& value) {
        while (wait* const receiver = receivers_.pop_front()) {
            receiver->value.emplace(std::move(value));
            if (receiver->task->wake()) {
                return true;
            }
            value = std::move(*receiver->value);
            receiver->value.reset();
        }
        if (count_ == slots_.size()) {
            return false;
        }
        append(std::move(value));
        return true;
    }

    bool take(std::optional<T>& into) {
        if (count_ == 0) {
            return take_from_sender(into);
        }
        into = std::exchange(slots_[first_], std::nullopt);
        first_ = first_ + 1 == slots_.size() ? 0 : first_ + 1;
        --count_;
        if (std::optional<T> next; take_from_sender(next)) {
            append(std::move(*next));
        }
        return true;
    }

    bool take_from_sender(std::optional<T>& into) {
        while (wait* const sender = senders_.pop_front()) {
            into = std::move(sender->value);
            if (sender->task->wake()) {
                return true;
            }
            into.reset();
        }
        return false;
    }

    void append(T value) {
        const std::size_t place = first_ + count_;
        slots_[place < slots_.size() ? place : place - slots_.size()].emplace(std::move(value));
        ++count_;
    }

    Worker& worker_;
    [[no_unique_address]] mutex_type mutex_;
    std::vector<std::optional<T>> slots_;  // a ring: the oldest at first_
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    bool is_closed_ = false;
    wait_list<wait> senders_;
    wait_list<wait> receivers_;
};

}  // namespace regatta
