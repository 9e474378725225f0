#include "harness/record/hdr_encoding.hpp"

#include <bit>

#include <fmt/format.h>
#include <zlib.h>

#include "harness/failure.hpp"
#include "harness/record/base64.hpp"

namespace regatta::hdr {
namespace {

// The cookies of encoding V2; the four bits of word_size_mask tell old readers a word size.
constexpr std::uint32_t plain_cookie = 0x1c849303;
constexpr std::uint32_t deflated_cookie = 0x1c849304;
constexpr std::uint32_t word_size = 0x10;
constexpr std::uint32_t word_size_mask = 0xf0;

constexpr std::uint32_t significant_digits = 2;
constexpr std::size_t header_bytes = 40;
constexpr std::size_t number_bytes_max = 9;
constexpr std::size_t index_max = histogram::index_of(~std::uint64_t{0});

template <class Number>
void put(std::string& out, Number number) {
    for (int shift = (static_cast<int>(sizeof number) - 1) * 8; shift >= 0; shift -= 8) {
        out += static_cast<char>(number >> shift);
    }
}

/// A signed number, small magnitudes first (ZigZag), in groups of 7 bits, the lowest first. Eight
/// groups say by their top bit that another follows; the ninth byte is all number.
void put_count(std::string& out, std::int64_t number) {
    auto left = (static_cast<std::uint64_t>(number) << 1) ^
                (number < 0 ? ~std::uint64_t{0} : std::uint64_t{0});
    for (std::size_t i = 1; i < number_bytes_max && left >= 0x80; ++i) {
        out += static_cast<char>((left & 0x7f) | 0x80);
        left >>= 7;
    }
    out += static_cast<char>(left);
}

/// Takes an encoding apart from its front.
class cursor {
public:
    explicit cursor(std::string_view bytes) : bytes_(bytes) {}

    bool is_at_end() const { return bytes_.empty(); }

    template <class Number>
    Number take() {
        Number number = 0;
        for (std::size_t i = 0; i < sizeof number; ++i) {
            number = static_cast<Number>(number << 8) | take_byte();
        }
        return number;
    }
    std::int64_t take_count() {
        std::uint64_t folded = 0;
        for (std::size_t i = 0; i < number_bytes_max; ++i) {
            const std::uint64_t byte = take_byte();
            const bool is_last = i + 1 == number_bytes_max || (byte & 0x80) == 0;
            folded |= (i + 1 == number_bytes_max ? byte : byte & 0x7f) << (7 * i);
            if (is_last) {
                break;
            }
        }
        return static_cast<std::int64_t>((folded >> 1) ^ (~(folded & 1) + 1));
    }

private:
    unsigned char take_byte() {
        if (bytes_.empty()) {
            throw failure("the encoded histogram ends too early");
        }
        const auto byte = static_cast<unsigned char>(bytes_.front());
        bytes_.remove_prefix(1);
        return byte;
    }

    std::string_view bytes_;
};

std::string plain_encoding(const histogram& values) {
    std::string counts;
    std::size_t next = 0;
    const auto buckets = values.sparse();
    for (const auto& [index, times] : buckets) {
        if (index > next) {  // a run of empty buckets is its length, negative; one alone is 0
            const auto run = static_cast<std::int64_t>(index - next);
            put_count(counts, run == 1 ? 0 : -run);
        }
        put_count(counts, static_cast<std::int64_t>(times));
        next = index + 1;
    }
    // Java's reader makes room up to here; it asks for at least twice the unit.
    const std::uint64_t trackable_max =
        buckets.empty() ? 2
                        : std::max<std::uint64_t>(histogram::middle_of(buckets.back().first), 2);
    std::string whole;
    put(whole, plain_cookie | word_size);
    put(whole, static_cast<std::uint32_t>(counts.size()));
    put(whole, std::uint32_t{0});  // normalizing index offset
    put(whole, significant_digits);
    put(whole, std::uint64_t{1});  // lowest value that differs from 0
    put(whole, trackable_max);
    put(whole, std::bit_cast<std::uint64_t>(1.0));  // units of an integer
    return whole + counts;
}

histogram read_plain(std::string_view bytes) {
    cursor from(bytes);
    if ((from.take<std::uint32_t>() & ~word_size_mask) != plain_cookie) {
        throw failure("is no HdrHistogram in encoding V2");
    }
    const std::size_t counts_bytes = from.take<std::uint32_t>();
    const auto offset = from.take<std::uint32_t>();
    const auto digits = from.take<std::uint32_t>();
    const auto unit = from.take<std::uint64_t>();
    if (offset != 0 || digits != significant_digits || unit != 1) {
        throw failure(
            fmt::format("has {} significant digits of unit {}; this program reads "
                        "{} digits of unit 1",
                        digits, unit, significant_digits));
    }
    if (bytes.size() < header_bytes || counts_bytes != bytes.size() - header_bytes) {
        throw failure("the encoded histogram is not as long as it says");
    }
    histogram result;
    std::size_t index = 0;
    for (cursor counts(bytes.substr(header_bytes)); !counts.is_at_end();) {
        const std::int64_t count = counts.take_count();
        const std::uint64_t run = count < 0 ? ~static_cast<std::uint64_t>(count) + 1 : 1;
        if (run > index_max + 1 - index) {
            throw failure("the encoded histogram has a bucket beyond the range of 64-bit values");
        }
        if (count > 0) {
            result.record(histogram::middle_of(index), static_cast<std::uint64_t>(count));
        }
        index += run;
    }
    return result;
}

}  // namespace

std::string encode(const histogram& values) {
    const std::string plain = plain_encoding(values);
    std::string deflated(compressBound(plain.size()), '\0');
    uLongf length = deflated.size();
    if (compress2(reinterpret_cast<Bytef*>(deflated.data()), &length,
                  reinterpret_cast<const Bytef*>(plain.data()), plain.size(),
                  Z_DEFAULT_COMPRESSION) != Z_OK) {
        throw failure("zlib cannot deflate a histogram: out of memory");
    }
    deflated.resize(length);
    std::string whole;
    put(whole, deflated_cookie | word_size);
    put(whole, static_cast<std::uint32_t>(deflated.size()));
    return to_base64(whole + deflated);
}

histogram decode(std::string_view text) {
    const std::optional<std::string> whole = from_base64(text);
    if (!whole) {
        throw failure("is no histogram in base64");
    }
    cursor from(*whole);
    constexpr std::size_t prefix_bytes = 8;
    if ((from.take<std::uint32_t>() & ~word_size_mask) != deflated_cookie ||
        from.take<std::uint32_t>() != whole->size() - prefix_bytes) {
        throw failure("is no deflated HdrHistogram in encoding V2");
    }
    std::string plain(header_bytes + number_bytes_max * (index_max + 1), '\0');
    uLongf length = plain.size();
    if (uncompress(reinterpret_cast<Bytef*>(plain.data()), &length,
                   reinterpret_cast<const Bytef*>(whole->data()) + prefix_bytes,
                   whole->size() - prefix_bytes) != Z_OK) {
        throw failure("the encoded histogram cannot be inflated");
    }
    plain.resize(length);
    return read_plain(plain);
}

}  // namespace regatta::hdr
