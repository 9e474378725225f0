#pragma once

#include "runtimes/fiber_uring/uring_engine.hpp"
#include "runtimes/support/fiber/runtime.hpp"

namespace regatta {

/// Fibers on io_uring.
class fiber_uring_runtime : public fibers::runtime_on<fibers::uring_engine> {
public:
    static runtime_info about();
    static std::optional<std::string> unavailable() { return uring::obstacle(); }
    /// Replaces the calling thread's fiber scheduler.
    explicit fiber_uring_runtime(const runtime_settings& settings)
        : runtime_on(static_cast<std::size_t>(settings.at(0)), settings.at(2), settings.at(3),
                     static_cast<unsigned>(settings.at(1))),
          ring_entries_(settings.at(1)) {}
    runtime_settings configuration() const {
        const auto [threads, scheduling] = offload_configuration();
        return {static_cast<std::int64_t>(stack_bytes()), ring_entries_, threads, scheduling};
    }

private:
    std::int64_t ring_entries_;
};

static_assert(full_runtime<fiber_uring_runtime>);

}  // namespace regatta
