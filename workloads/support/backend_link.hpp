#pragma once

#include <cerrno>
#include <cstring>
#include <optional>

#include "runtimes/endpoint.hpp"
#include "runtimes/runtime.hpp"
#include "workloads/request_reply.hpp"

namespace regatta {

/// Where the backend of a workload listens.
inline endpoint backend_of(const params& values) {
    return endpoint::tcp("127.0.0.1", values.backend_port);
}

/// A connection to the backend, opened when it is first needed. One request at a time.
template <full_runtime Runtime>
struct backend_link {
    std::optional<typename Runtime::stream> peer;
};

/// Sends `request` over the connection and waits for a frame with 8 bytes of payload. Where that
/// fails, or is cancelled, the connection is closed: its next reply would be that of this request.
template <full_runtime Runtime>
auto converse(typename Runtime::stream& peer, bytes_view request) ->
    typename Runtime::template task<request_reply::answered> {
    if (auto [failed] = co_await peer.send(request); failed) {
        co_return request_reply::answered{failed};
    }
    request_reply::message reply;
    for (std::size_t have = 0; have < reply.size();) {
        auto [failed, got] = co_await peer.receive();
        const bytes_view bytes = got;
        if (failed || bytes.empty() || bytes.size() > reply.size() - have) {
            co_return request_reply::answered{
                failed ? failed : io_error(bytes.empty() ? ECONNRESET : EPROTO)};
        }
        std::memcpy(reply.data() + have, bytes.data(), bytes.size());
        have += bytes.size();
    }
    if (frame::length(reply) != reply.size()) {
        co_return request_reply::answered{io_error(EPROTO)};
    }
    co_return request_reply::answered{io_error(),
                                      frame::load_u64(reply.data() + frame::header_bytes)};
}

/// The same over `link`, which is opened where it is not, and closed after a failure.
template <full_runtime Runtime>
auto ask_backend(Runtime& runtime, backend_link<Runtime>& link, const endpoint& backend,
                 request_reply::message request, std::size_t request_bytes) ->
    typename Runtime::template task<request_reply::answered> {
    if (!link.peer) {
        auto connection = co_await runtime.connect(backend);
        if (connection.error) {
            co_return request_reply::answered{connection.error};
        }
        link.peer.emplace(std::move(*connection.peer));
    }
    const request_reply::answered result =
        co_await converse<Runtime>(*link.peer, bytes_view(request).first(request_bytes));
    if (result.error) {
        link.peer.reset();
    }
    co_return result;
}

}  // namespace regatta
