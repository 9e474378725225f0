#pragma once

#include <memory>
#include <string>

#include "workloads/workload.hpp"

namespace regatta::http {

/// No request's header is longer: 431.
inline constexpr std::size_t header_bytes_max = 8 << 10;
/// No request's body is longer: 413.
inline constexpr std::size_t body_bytes_max = 1 << 20;

/// The server's side of one connection of HTTP/1.1 (RFC 9110, RFC 9112; what it serves:
/// workloads/PROTOCOL.md). Takes bytes, gives bytes; does no I/O. The messages are parsed by
/// Boost.Beast's basic_parser.
///
///     talk.feed(bytes);
///     for (bytes_view reply; !(reply = talk.next()).empty();) { send it; talk.replies() more }
///     if (talk.is_over()) close the connection;
class conversation {
public:
    /// Documents have `document_bytes`. `fields` are further header fields, each ended by CR LF, of
    /// the replies after which an HTTP/1.1 connection stays open.
    explicit conversation(std::size_t document_bytes, std::string fields = {});
    conversation(conversation&&) noexcept;
    ~conversation();

    /// `received` must stay valid until next() has given nothing. Only then may it be called again.
    void feed(bytes_view received);
    /// What to send next: the replies to requests that are whole, in order, as many at once as make
    /// about 64 KiB. Nothing when more bytes are needed, or it is over. Valid until the next call.
    bytes_view next();
    /// How many replies stood in what next() gave.
    std::uint64_t replies() const;
    /// The connection is to be closed: the client asked for it, or sent what is no request.
    bool is_over() const;
    /// It is over because of an error of the client; the reply says so.
    bool is_malformed() const;

private:
    class state;
    std::unique_ptr<state> state_;
};

}  // namespace regatta::http
