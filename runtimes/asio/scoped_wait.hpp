#pragma once

#include "runtimes/asio/blank_submissions.hpp"  // before Asio

#include <boost/asio/append.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <utility>

#include "runtimes/outcome.hpp"
#include "runtimes/support/cancel_scope.hpp"

/// How Asio's operations take part in scopes: each that waits inside one has a cancellation slot of
/// its own, which the scope's cancellation emits to. What waits outside has none, and pays a test.
namespace regatta::on_asio {

/// An operation whose task waits inside a scope.
class scoped_wait : public cancel_entry {
public:
    /// `everything` is the worker's scope, for tasks outside of all others.
    explicit scoped_wait(cancel_scope& everything) : everything_(everything) {}

    /// When the task has suspended; false when the scope is cancelled already.
    bool begin() {
        scope_ = std::exchange(current_scope, nullptr);
        cancel_scope& inside = scope_ != nullptr ? *scope_ : everything_;
        if (inside.is_cancelled()) {
            return false;
        }
        inside.enter(*this);
        return true;
    }
    /// Before the task goes on.
    void end() {
        leave();
        current_scope = scope_;
    }

protected:
    ~scoped_wait() = default;

private:
    cancel_scope& everything_;
    cancel_scope* scope_ = nullptr;
};

/// One that is cancelled through its slot.
class signalled_wait final : public scoped_wait {
public:
    using scoped_wait::scoped_wait;
    boost::asio::cancellation_slot slot() { return signal_.slot(); }
    void on_cancel() noexcept override { signal_.emit(boost::asio::cancellation_type::terminal); }

private:
    boost::asio::cancellation_signal signal_;
};

/// A completion handler around another: `around(handler, results...)` calls it. It runs where, and
/// allocates as, the one that it wraps.
template <class Around, class Handler>
struct wrapped_handler {
    Around around;
    Handler handler;

    template <class... Results>
    void operator()(Results&&... results) {
        around(handler, std::forward<Results>(results)...);
    }
};

/// Puts the task's scope back first.
struct end_of_wait {
    scoped_wait& wait;
    template <class Handler, class... Results>
    void operator()(Handler& handler, Results&&... results) const {
        wait.end();
        std::move(handler)(std::forward<Results>(results)...);
    }
};
/// The same for an operation that cannot be cancelled.
struct end_of_yield {
    cancel_scope* scope;
    template <class Handler>
    void operator()(Handler& handler) const {
        current_scope = scope;
        std::move(handler)();
    }
};

/// Completes `handler` with `Result`, which has an error: `start(handler)` begins an operation that
/// gives one.
template <class Result, class Start, class Handler>
[[gnu::cold, gnu::noinline]] void initiate_in_scope(signalled_wait& wait, Start start,
                                                    Handler handler) {
    wrapped_handler<end_of_wait, Handler> going_on{{wait}, std::move(handler)};
    if (wait.begin()) {
        start(boost::asio::bind_cancellation_slot(wait.slot(), std::move(going_on)));
        return;
    }
    Result cancelled{};
    cancelled.error = io_error(ECANCELED);
    boost::asio::post(boost::asio::append(std::move(going_on), std::move(cancelled)));
}

}  // namespace regatta::on_asio

template <template <class, class> class Associator, class Around, class Handler, class Default>
struct boost::asio::associator<Associator, regatta::on_asio::wrapped_handler<Around, Handler>,
                               Default> : Associator<Handler, Default> {
    using wrapped = regatta::on_asio::wrapped_handler<Around, Handler>;
    static auto get(const wrapped& outer) noexcept {
        return Associator<Handler, Default>::get(outer.handler);
    }
    static auto get(const wrapped& outer, const Default& otherwise) noexcept {
        return Associator<Handler, Default>::get(outer.handler, otherwise);
    }
};
