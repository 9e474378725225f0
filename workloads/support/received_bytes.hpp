#pragma once

#include <cstdint>

namespace regatta {

/// What a session does beside its own work whenever it has received bytes; null, unless the program
/// was asked to inject some. Set before anything is served, and not changed after.
inline void (*on_received)() = nullptr;

/// How many bytes a session has received. Every session adds here what a receive gave before it
/// answers, so this is where work for each request can be injected, for all workloads and runtimes
/// alike. Where none is, that costs one instruction: the addition tells in the processor's sign
/// flag whether the count is marked, and a jump that is never taken looks at it.
class received_bytes {
public:
    received_bytes(std::uint64_t count = 0) : count_(count) {}
    operator std::uint64_t() const { return count_ & ~mark; }

    /// From now on each addition calls `on_received`, which must be set.
    void call_on_received() { count_ |= mark; }

    received_bytes& operator+=(std::uint64_t count) {
        count_ += count;
        if (static_cast<std::int64_t>(count_) < 0) [[unlikely]] {
            on_received();
        }
        return *this;
    }

private:
    static constexpr std::uint64_t mark = std::uint64_t{1} << 63;

    std::uint64_t count_;
};

}  // namespace regatta
