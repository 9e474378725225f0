#include "workloads/support/http_document.hpp"

#include <charconv>
#include <string_view>

namespace regatta::http {
namespace {

constexpr std::string_view before_id = R"({"id":)";
constexpr std::string_view before_text = R"(,"text":")";
constexpr std::string_view end = R"("})";
constexpr std::size_t letters = 26;

// The alphabet over and over again: documents begin at different letters.
const std::string& text() {
    static const std::string made = [] {
        std::string all(document_bytes_max + letters, ' ');
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i] = static_cast<char>('a' + i % letters);
        }
        return all;
    }();
    return made;
}

void append_number(std::uint64_t number, std::string& out) {
    char digits[20];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace

void append_document(std::uint32_t id, std::size_t bytes, std::string& out) {
    const std::size_t begin = out.size();
    out += before_id;
    append_number(id, out);
    out += before_text;
    out.append(text(), id % letters, bytes - (out.size() - begin) - end.size());
    out += end;
}

void append_ok(std::uint32_t id, std::size_t bytes, bool with_body, const char* fields,
               std::string& out) {
    out += "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
    append_number(bytes, out);
    out += "\r\n";
    out += fields;
    out += "\r\n";
    if (with_body) {
        append_document(id, bytes, out);
    }
}

}  // namespace regatta::http
