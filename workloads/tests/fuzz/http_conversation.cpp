// The server's side of `http` under any bytes: however they are cut into receives, the same replies
// come, and all of them are replies. Only that a request is malformed may show later in pieces:
// once one is known to be incomplete, Beast looks no further before its header has an end.
#include <cstdlib>
#include <string>

#include "workloads/support/http_conversation.hpp"
#include "workloads/support/http_document.hpp"

using namespace regatta;

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

struct outcome_of_all {
    std::string sent;
    std::uint64_t replies = 0;
    bool is_over = false;
    bool is_malformed = false;
};

outcome_of_all converse(bytes_view all, std::size_t piece) {
    http::conversation talk(http::document_bytes_min);
    outcome_of_all seen;
    for (std::size_t at = 0; at < all.size() && !talk.is_over(); at += piece) {
        const bytes_view part = all.subspan(at, std::min(piece, all.size() - at));
        const std::vector<std::byte> received(part.begin(), part.end());
        talk.feed(received);
        for (bytes_view reply = talk.next(); !reply.empty(); reply = talk.next()) {
            require(reinterpret_cast<const char*>(reply.data())[0] == 'H');
            seen.sent.append(reinterpret_cast<const char*>(reply.data()), reply.size());
            seen.replies += talk.replies();
        }
        require(!talk.is_malformed() || talk.is_over());
    }
    seen.is_over = talk.is_over();
    seen.is_malformed = talk.is_malformed();
    return seen;
}

// Whether a client is told to go on depends on what has come: that reply is left out.
void erase_continues(std::string& text) {
    const std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
    for (std::size_t at = text.find(interim); at != text.npos; at = text.find(interim, at)) {
        text.erase(at, interim.size());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t piece = std::size_t{1} + data[0];
    const bytes_view all = std::as_bytes(std::span(data, size)).subspan(1);
    outcome_of_all whole = converse(all, std::max<std::size_t>(all.size(), 1));
    outcome_of_all pieces = converse(all, piece);
    erase_continues(whole.sent);
    erase_continues(pieces.sent);
    require(whole.sent.starts_with(pieces.sent) && whole.replies >= pieces.replies);
    if (pieces.is_over || !whole.is_malformed) {
        require(whole.sent == pieces.sent && whole.replies == pieces.replies);
        require(whole.is_over == pieces.is_over && whole.is_malformed == pieces.is_malformed);
    }
    return 0;
}
