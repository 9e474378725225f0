#pragma once

#include "runtimes/fiber/epoll_engine.hpp"
#include "runtimes/support/fiber/runtime.hpp"

namespace regatta {

/// Fibers on epoll.
class fiber_runtime : public fibers::runtime_on<fibers::epoll_engine> {
public:
    static runtime_info about();
    static std::optional<std::string> unavailable() { return std::nullopt; }
    /// Replaces the calling thread's fiber scheduler.
    explicit fiber_runtime(const runtime_settings& settings)
        : runtime_on(static_cast<std::size_t>(settings.at(0)), settings.at(1), settings.at(2)) {}
    runtime_settings configuration() const {
        const auto [threads, scheduling] = offload_configuration();
        return {static_cast<std::int64_t>(stack_bytes()), threads, scheduling};
    }
};

static_assert(full_runtime<fiber_runtime>);

}  // namespace regatta
