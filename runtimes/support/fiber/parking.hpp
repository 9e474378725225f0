#pragma once

#include <boost/fiber/context.hpp>

#include <utility>

#include "runtimes/support/cancel_scope.hpp"

namespace regatta::fibers {

using context = boost::fibers::context;

/// Parks the calling fiber in `place` until make_ready(place).
inline void park(context*& place) {
    place = context::active();
    cancel_scope* const own = std::exchange(current_scope, nullptr);
    place->suspend();
    current_scope = own;
}

/// Makes the fiber that is parked in `place`, if any, ready. On its own thread.
inline void make_ready(context*& place) {
    if (place != nullptr) {
        context::active()->schedule(std::exchange(place, nullptr));
    }
}

}  // namespace regatta::fibers
