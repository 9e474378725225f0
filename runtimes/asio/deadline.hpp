#pragma once

#include "runtimes/asio/blank_submissions.hpp"  // before Asio

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>

#include "runtimes/support/cancel_scope.hpp"

namespace regatta::on_asio {

using timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>,
                                                boost::asio::io_context::executor_type>;

/// Cancels a scope after a time, unless it is destroyed before.
class deadline {
public:
    deadline(const boost::asio::io_context::executor_type& on, std::chrono::nanoseconds duration,
             cancel_scope& scope)
        : timer_(on, duration), shared_(std::make_shared<state>(state{&scope})) {
        timer_.async_wait([shared = shared_](const boost::system::error_code& error) {
            if (!error && shared->scope != nullptr) {
                shared->has_expired = true;
                shared->scope->cancel();
            }
        });
    }
    // The timer's handler may be on its way already: it finds that there is nothing to cancel.
    ~deadline() { shared_->scope = nullptr; }
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    bool has_expired() const { return shared_->has_expired; }

private:
    struct state {
        cancel_scope* scope;
        bool has_expired = false;
    };
    timer timer_;
    std::shared_ptr<state> shared_;
};

}  // namespace regatta::on_asio
