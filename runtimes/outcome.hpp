#pragma once

#include <cstring>
#include <optional>
#include <string>

/// What the verbs of a runtime give. Errors of the data plane are values: `auto [failed, bytes] =
/// co_await peer.receive();`
namespace regatta {

/// Outcome of an operation of the data plane: 0 or an errno value. ECANCELED: the scope in which
/// the operation waited was cancelled, or the worker aborts its sessions.
class [[nodiscard]] io_error {
public:
    constexpr io_error() = default;
    constexpr explicit io_error(int errno_value) : value_(errno_value) {}
    constexpr explicit operator bool() const { return value_ != 0; }
    constexpr int value() const { return value_; }
    std::string message() const { return std::strerror(value_); }

private:
    int value_ = 0;
};

/// What `send`, `sleep_for` and `join` give: `auto [failed] = co_await peer.send(bytes);`
struct outcome {
    io_error error;
};

/// What `receive` gives: `auto [failed, bytes] = co_await peer.receive();`. No error and no bytes
/// is the end of the stream. `Bytes` converts to `bytes_view` and is valid until it is destroyed or
/// the next receive on the same stream begins, whichever is first.
template <class Bytes>
struct received {
    io_error error;
    Bytes bytes;
};

/// What `connect` gives: `auto [failed, peer] = co_await worker.connect(where);`. There is a stream
/// exactly when there is no error.
template <class Stream>
struct connected {
    io_error error;
    std::optional<Stream> peer;
};

/// What `receive` of a channel gives. No error and no value: the channel is closed and empty.
template <class T>
struct taken {
    io_error error;
    std::optional<T> value;
};

/// What `offload` gives. There is a value exactly when the function has run, even where the error
/// then is ECANCELED.
template <class T>
struct offloaded {
    io_error error;
    std::optional<T> value;
};
template <>
struct offloaded<void> {
    io_error error;
};

/// A result that can say that it failed: what `with_deadline` can turn into ETIMEDOUT.
template <class T>
concept fallible = requires(T& result) {
    result.error = io_error();
};

}  // namespace regatta
