#include "workloads/support/http_request.hpp"

#include <charconv>
#include <string_view>

#include "workloads/support/http_conversation.hpp"

namespace regatta::http {
namespace {

namespace beast = boost::beast;

// The path of a target in origin form, or in absolute form (RFC 9112, 3.2.2); empty for another.
std::string_view path_of(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (beast::iequals(target.substr(0, scheme.size()), scheme)) {
            const std::size_t slash = target.find_first_of("/?", scheme.size());
            target = slash == target.npos ? "/" : target.substr(slash);
            break;
        }
    }
    return target.substr(0, target.find('?'));
}

std::optional<std::uint32_t> id_in(std::string_view path) {
    std::uint32_t id = 0;
    path.remove_prefix(path.empty() ? 0 : 1);
    const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), id);
    const bool is_number = error == std::errc() && end == path.data() + path.size();
    return path.empty() || is_number ? std::optional(id) : std::nullopt;
}

}  // namespace

request::request() {
    header_limit(header_bytes_max);
    body_limit(body_bytes_max);
    eager(true);
}

int request::status_for(const error_code& error) const {
    if (refusal_ != 0) {
        return refusal_;
    }
    if (error == beast::http::error::header_limit) {
        return 431;
    }
    return error == beast::http::error::body_limit ? 413 : 400;
}

void request::refuse(int status, error_code& error) {
    refusal_ = status;
    error = beast::http::error::bad_value;
}

void request::on_request_impl(verb method, string_view, string_view target, int version,
                              error_code& error) {
    error = {};
    method_ = method;
    version_ = version;
    const std::string_view path = path_of({target.data(), target.size()});
    const bool has_path = !path.empty() && path.front() == '/';
    if (has_path) {
        id_ = id_in(path);
    } else if (method == verb::get || method == verb::head || method == verb::post) {
        refuse(400, error);
    }
}

void request::on_field_impl(field name, string_view name_text, string_view value,
                            error_code& error) {
    error = {};
    // Beast limits what it has to hold of a header at once; this is the sum.
    header_bytes_ += name_text.size() + value.size();
    if (header_bytes_ > header_bytes_max) {
        refuse(431, error);
    } else if (name == field::host) {
        ++hosts_;
    } else if (name == field::expect && version_ >= 11) {
        expects_continue_ = beast::iequals(value, "100-continue");
        if (!expects_continue_) {
            refuse(417, error);
        }
    } else if (name == field::transfer_encoding && !beast::iequals(value, "chunked")) {
        // Beast reads a request with another encoding as one without a body: its body would be
        // taken for the next request.
        refuse(501, error);
    }
}

void request::on_header_impl(error_code& error) {
    error = {};
    // RFC 9112, 3.2: a request of HTTP/1.1 names its host once, and an older one at most once.
    if (hosts_ > 1 || (hosts_ == 0 && version_ >= 11)) {
        refuse(400, error);
    }
}

}  // namespace regatta::http
