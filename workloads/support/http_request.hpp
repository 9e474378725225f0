#pragma once

#include <cstdint>
#include <optional>

#include <boost/beast/http/basic_parser.hpp>

namespace regatta::http {

/// One request as it is parsed: what the conversation has to know of it. Beast's parsers are used
/// once, for one message.
class request final : public boost::beast::http::basic_parser<true> {
    using string_view = boost::beast::string_view;
    using error_code = boost::beast::error_code;
    using field = boost::beast::http::field;
    using verb = boost::beast::http::verb;

public:
    request();

    verb method() const { return method_; }
    /// The number in the target; nothing when it names no document.
    std::optional<std::uint32_t> id() const { return id_; }
    bool is_http_1_0() const { return version_ == 10; }
    /// It waits for "100 Continue" before it sends its body.
    bool expects_continue() const { return expects_continue_; }
    /// The status to answer with when put() gave `error`.
    int status_for(const error_code& error) const;

private:
    void on_request_impl(verb method, string_view, string_view target, int version,
                         error_code& error) override;
    void on_field_impl(field name, string_view name_text, string_view value,
                       error_code& error) override;
    void on_header_impl(error_code& error) override;
    void on_finish_impl(error_code& error) override { error = {}; }

    // Bodies are read and thrown away.
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code& error) override {
        error = {};
    }
    std::size_t on_body_impl(string_view body, error_code& error) override {
        error = {};
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code& error) override {
        error = {};
    }
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code& error) override {
        error = {};
        return body.size();
    }
    void on_response_impl(int, string_view, int, error_code&) override {}

    void refuse(int status, error_code& error);

    verb method_ = verb::unknown;
    int version_ = 11;
    int refusal_ = 0;  // the status of what Beast would have accepted
    unsigned hosts_ = 0;
    std::size_t header_bytes_ = 0;
    std::optional<std::uint32_t> id_;
    bool expects_continue_ = false;
};

}  // namespace regatta::http
