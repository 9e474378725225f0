#include "workloads/support/http_reply.hpp"

#include <boost/beast/http/basic_parser.hpp>

namespace regatta::http {
namespace {

namespace beast = boost::beast;

class reply_parser final : public beast::http::basic_parser<false> {
    using string_view = beast::string_view;
    using error_code = beast::error_code;

public:
    explicit reply_parser(reply& into) : into_(into) {
        eager(true);
        body_limit(boost::none);
    }

private:
    void on_request_impl(beast::http::verb, string_view, string_view, int, error_code&) override {}
    void on_response_impl(int status, string_view, int, error_code& error) override {
        error = {};
        is_ok_ = status == 200;
    }
    void on_field_impl(beast::http::field name, string_view, string_view value,
                       error_code& error) override {
        error = {};
        if (name == beast::http::field::content_type) {
            // Parameters, such as a charset, may follow.
            const auto type = value.substr(0, value.find_first_of("; \t"));
            is_json_ = beast::iequals(type, "application/json");
        }
    }
    void on_header_impl(error_code& error) override { error = {}; }
    void on_finish_impl(error_code& error) override {
        error = {};
        into_.is_json_ok = is_ok_ && is_json_;
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code& error) override {
        error = {};
    }
    std::size_t on_body_impl(string_view body, error_code& error) override {
        error = {};
        into_.body.append(body.data(), body.size());
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code& error) override {
        error = {};
    }
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code& error) override {
        return on_body_impl(body, error);
    }

    reply& into_;
    bool is_ok_ = false;
    bool is_json_ = false;
};

}  // namespace

reply read_reply(bytes_view bytes) {
    reply found;
    reply_parser parser(found);
    std::size_t taken = 0;
    while (taken != bytes.size() && !parser.is_done()) {
        beast::error_code error;
        const bytes_view rest = bytes.subspan(taken);
        taken += parser.put(boost::asio::const_buffer(rest.data(), rest.size()), error);
        const bool needs_more = error == beast::http::error::need_more;
        if ((error && !needs_more) || (parser.is_header_done() && parser.need_eof())) {
            found.length = bytes.size();
            found.is_json_ok = false;
            return found;
        }
        if (needs_more) {
            break;
        }
    }
    found.length = parser.is_done() ? taken : 0;
    return found;
}

}  // namespace regatta::http
