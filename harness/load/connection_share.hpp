#pragma once

#include <cstdint>

#include "harness/load/engine.hpp"

namespace regatta::load {

/// The connections of one thread of a load, or of one rank of it: every `threads`-th of
/// `connections`, from `thread` on. With one, all.
struct connection_share {
    std::uint32_t connections;
    unsigned threads = 1;  ///< at most `connections`
    unsigned thread = 0;   ///< below `threads`

    std::uint32_t size() const { return (connections - thread + threads - 1) / threads; }
    /// Whether the load's connection number `global` is one of them.
    bool has(std::uint32_t global) const { return global % threads == thread; }
    connection_id local(std::uint32_t global) const { return global / threads; }
    std::uint32_t global(connection_id local) const { return local * threads + thread; }

    /// The part of a thread `number` of `count`, at most size(), that share these among them.
    connection_share of_thread(unsigned number, unsigned count) const {
        return {connections, threads * count, thread + threads * number};
    }
};

}  // namespace regatta::load
