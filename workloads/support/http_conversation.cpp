#include "workloads/support/http_conversation.hpp"

#include <optional>
#include <string>
#include <vector>

#include <boost/beast/http/status.hpp>

#include "workloads/support/http_document.hpp"
#include "workloads/support/http_request.hpp"

namespace regatta::http {
namespace {

namespace beast = boost::beast;

// A batch of replies is cut here: what one receive asks for may be a thousand times as long.
constexpr std::size_t batch_bytes = 64 << 10;
// "0", and two ends of a line: whatever comes of a chunked body, as much is still to come. Beast
// asserts that it is given all of it when it looks at a last chunk for the second time.
constexpr std::size_t last_chunk_bytes = 5;

}  // namespace

class conversation::state {
public:
    state(std::size_t document_bytes, std::string fields)
        : document_bytes_(document_bytes), fields_(std::move(fields)) {}

    void feed(bytes_view received) {
        if (held_.empty()) {
            unread_ = received;
        } else {
            held_.insert(held_.end(), received.begin(), received.end());
            unread_ = held_;
        }
    }

    bytes_view next() {
        out_.clear();
        replies_ = 0;
        while (!is_over_ && out_.size() < batch_bytes && parse()) {
        }
        return std::as_bytes(std::span(out_));
    }

    std::uint64_t replies() const { return replies_; }
    bool is_over() const { return is_over_; }
    bool is_malformed() const { return is_malformed_; }

private:
    // Goes on with the request at the front; false when more bytes are needed.
    bool parse() {
        if (!request_) {
            skip_empty_lines();
        }
        if (unread_.empty()) {
            return false;
        }
        if (!request_) {
            request_.emplace();
        }
        if (request_->is_header_done() && request_->chunked() &&
            unread_.size() < last_chunk_bytes) {
            hold();
            return false;
        }
        beast::error_code error;
        take(request_->put(boost::asio::const_buffer(unread_.data(), unread_.size()), error));
        const bool needs_more = error == beast::http::error::need_more;
        // What Beast holds out for may be a chunk's header, which it does not limit.
        if ((error && !needs_more) || (needs_more && unread_.size() > header_bytes_max)) {
            refuse(request_->status_for(error));
            return true;
        }
        if (request_->is_done()) {
            answer();
            request_.reset();
            return true;
        }
        if (request_->is_header_done() && request_->expects_continue() && !has_continued_) {
            has_continued_ = true;
            out_ += "HTTP/1.1 100 Continue\r\n\r\n";
        }
        if (needs_more) {
            hold();
        }
        return !unread_.empty();
    }

    // Some clients end a body with an empty line too many (RFC 9112, 2.2).
    void skip_empty_lines() {
        while (!unread_.empty() &&
               (unread_.front() == std::byte{'\r'} || unread_.front() == std::byte{'\n'})) {
            take(1);
        }
    }

    void take(std::size_t count) {
        unread_ = unread_.subspan(count);
        if (unread_.empty()) {
            held_ = {};
        }
    }

    // Keeps what is not read yet until more comes.
    void hold() {
        held_ = std::vector<std::byte>(unread_.begin(), unread_.end());
        unread_ = {};
    }

    void answer() {
        using beast::http::verb;
        const verb method = request_->method();
        const bool stays = request_->keep_alive();
        const char* connection = fields_.c_str();
        if (!stays) {
            connection = "Connection: close\r\n";
        } else if (request_->is_http_1_0()) {
            connection = "Connection: keep-alive\r\n";
        }
        has_continued_ = false;
        is_over_ = !stays;
        ++replies_;
        if (method == verb::unknown) {
            append_error(501, connection, true);
        } else if (method != verb::get && method != verb::head && method != verb::post) {
            append_error(405, connection, true);
        } else if (!request_->id()) {
            append_error(404, connection, method != verb::head);
        } else {
            append_ok(*request_->id(), document_bytes_, method != verb::head, connection, out_);
        }
    }

    void refuse(int status) {
        is_over_ = true;
        is_malformed_ = true;
        ++replies_;
        append_error(status, "Connection: close\r\n", true);
    }

    void append_error(int status, const char* connection, bool with_body) {
        const beast::string_view reason =
            beast::http::obsolete_reason(static_cast<beast::http::status>(status));
        std::string body = R"({"error":")";
        body.append(reason.data(), reason.size()) += "\"}";
        out_ += "HTTP/1.1 " + std::to_string(status) + ' ';
        out_.append(reason.data(), reason.size());
        out_ += "\r\nContent-Type: application/json\r\nContent-Length: ";
        out_ += std::to_string(body.size()) + "\r\n";
        out_ += status == 405 ? "Allow: GET, HEAD, POST\r\n" : "";
        out_ += connection;
        out_ += "\r\n";
        out_ += with_body ? body : "";
    }

    std::size_t document_bytes_;
    std::string fields_;
    std::optional<request> request_;  // the one whose bytes come; nothing between two
    std::vector<std::byte> held_;     // the front of what is not read yet, from earlier receives
    bytes_view unread_;
    std::string out_;
    std::uint64_t replies_ = 0;
    bool has_continued_ = false;
    bool is_over_ = false;
    bool is_malformed_ = false;
};

conversation::conversation(std::size_t document_bytes, std::string fields)
    : state_(std::make_unique<state>(document_bytes, std::move(fields))) {}
conversation::conversation(conversation&&) noexcept = default;
conversation::~conversation() = default;

void conversation::feed(bytes_view received) {
    state_->feed(received);
}
bytes_view conversation::next() {
    return state_->next();
}
std::uint64_t conversation::replies() const {
    return state_->replies();
}
bool conversation::is_over() const {
    return state_->is_over();
}
bool conversation::is_malformed() const {
    return state_->is_malformed();
}

}  // namespace regatta::http
