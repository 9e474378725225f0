#pragma once

#include <concepts>

namespace regatta {

/// What the templates in this folder (channel, semaphore, task_group, offload) ask of a runtime's
/// worker: one primitive, `park(Operation)`.
///
/// `worker.park(operation)` is awaitable. It tries `operation.attempt()`; where that fails it calls
/// `operation.enqueue(parked&)` and suspends the task until somebody calls `parked.wake()`, or
/// until the scope is cancelled, if the operation can be. Then it gives
/// `operation.result(was_cancelled)`. The operation does not move once it is enqueued.
///
/// - `attempt()`: true when the operation is over without a wait.
/// - `enqueue(parked)`: remembers who waits.
/// - `withdraw()`: forgets it, because the scope is cancelled; false where the wait must go on all
///   the same until somebody wakes it.
/// - `mutex()`: held while one of the above runs; a no_mutex where one thread does everything.
/// - `Worker::parked::wake()`: makes the task ready; false when it was cancelled just before, so
/// that
///   what it waited for can be given to another. After true the operation may be gone.
template <class Operation, class Worker>
concept parking_operation = requires(Operation operation, typename Worker::parked& task) {
    { Operation::is_cancellable } -> std::convertible_to<bool>;
    { operation.attempt() } -> std::same_as<bool>;
    operation.enqueue(task);
    { operation.withdraw() } -> std::same_as<bool>;
    operation.mutex();
    operation.result(true);
};

/// The lock of runtimes whose workers are single-threaded.
struct no_mutex {
    static constexpr void lock() noexcept {}
    static constexpr void unlock() noexcept {}
};

}  // namespace regatta
