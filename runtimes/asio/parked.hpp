#pragma once

#include "runtimes/asio/blank_submissions.hpp"  // before Asio

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <new>
#include <optional>
#include <utility>

#include "runtimes/asio/scoped_wait.hpp"
#include "runtimes/support/cancel_scope.hpp"

namespace regatta::on_asio {

/// An asynchronous operation that completes when somebody calls wake(). It keeps its handler, the
/// suspended coroutine, in itself, and counts as work, so that the io_context does not return.
class parked : public cancel_entry {
    using executor = boost::asio::io_context::executor_type;

public:
    /// Makes the task ready. Always true: a cancelled one no longer waits in any list.
    bool wake() noexcept {
        leave();
        resume();
        return true;
    }

protected:
    explicit parked(const executor& on) : work_(on) {}
    ~parked() = default;

    template <class Handler>
    void keep(Handler handler) {
        static_assert(sizeof(Handler) <= sizeof handler_);
        ::new (static_cast<void*>(handler_)) Handler(std::move(handler));
        scope_ = std::exchange(current_scope, nullptr);
        resume_ = [](parked& self) {
            auto* const kept = std::launder(reinterpret_cast<Handler*>(self.handler_));
            wrapped_handler<end_of_yield, Handler> going_on{{self.scope_}, std::move(*kept)};
            kept->~Handler();
            boost::asio::post(self.work_.get_executor(), std::move(going_on));
        };
    }
    void resume() noexcept { resume_(*this); }

private:
    boost::asio::executor_work_guard<executor> work_;
    cancel_scope* scope_ = nullptr;
    void (*resume_)(parked&) = nullptr;
    alignas(std::max_align_t) std::byte handler_[64];
};

/// A task parked in `operation` (see runtimes/support/parking.hpp).
template <class Operation>
class parked_in final : public parked {
public:
    parked_in(const boost::asio::io_context::executor_type& on, Operation& operation)
        : parked(on), operation_(operation) {}

    template <class Handler>
    void begin(cancel_scope& inside, Handler handler) {
        keep(std::move(handler));
        if constexpr (Operation::is_cancellable) {
            inside.enter(*this);
        }
        operation_.enqueue(*this);
    }
    bool was_cancelled() const { return was_cancelled_; }

    void on_cancel() noexcept override {
        was_cancelled_ = true;
        if (operation_.withdraw()) {
            resume();
        }
    }

private:
    Operation& operation_;
    bool was_cancelled_ = false;
};

}  // namespace regatta::on_asio
