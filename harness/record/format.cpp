#include "harness/record/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

namespace regatta::format {
namespace {

constexpr std::array<std::string_view, 8> runtime_order = {
    "thread", "epoll", "asio", "asio_uring", "fiber", "fiber_uring", "uring", "uring_multishot"};

bool is_digit(char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

/// Takes the run of digits off the front of `text`, without its leading zeros.
std::string_view take_digits(std::string_view& text) {
    std::size_t length = 0;
    while (length < text.size() && is_digit(text[length])) {
        ++length;
    }
    std::string_view digits = text.substr(0, length);
    text.remove_prefix(length);
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    return digits;
}

}  // namespace

unit unit_of(std::string_view metric) {
    if (metric.find("_ns") != std::string_view::npos) {
        return {metric.ends_with("_per_op") ? "us/op" : "us", 1e3};
    }
    if (metric.find("_bytes") != std::string_view::npos) {
        return {"MiB", 1024.0 * 1024.0};
    }
    if (metric.ends_with("_per_s")) {
        return {"/s", 1};
    }
    return {metric.ends_with("_per_op") ? "/op" : "", 1};
}

bool more_is_better(std::string_view metric) {
    return metric.ends_with("_per_s");
}

std::string number(double value, int decimals) {
    std::string text = fmt::format("{:.{}f}", std::abs(value), decimals);
    const auto point = std::min(text.find('.'), text.size());
    for (std::size_t at = point; at > 3;) {
        at -= 3;
        text.insert(at, ",");
    }
    const bool is_zero = text.find_first_of("123456789") == std::string::npos;
    return value < 0 && !is_zero ? "-" + text : text;
}

int decimals_for(double value) {
    const double size = std::abs(value);
    if (size == 0 || size >= 99.95) {
        return 0;
    }
    return size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
}

std::string quantity(std::optional<double> value, std::string_view metric) {
    if (!value) {
        return std::string(absent);
    }
    const double scaled = *value / unit_of(metric).divisor;
    return number(scaled, decimals_for(scaled));
}

std::string range(const std::optional<stats::interval>& range, double beside,
                  std::string_view metric) {
    if (!range) {
        return std::string(absent);
    }
    const double divisor = unit_of(metric).divisor;
    const int decimals = decimals_for(beside / divisor);
    return number(range->low / divisor, decimals) + "-" + number(range->high / divisor, decimals) +
           (range->method == stats::interval_method::bootstrap ? "*" : "");
}

std::string ratio(double value, const std::optional<stats::interval>& range) {
    if (!range) {
        return number(value, 2);
    }
    const bool is_near_one = !range->contains(1) &&
                             std::min(std::abs(range->low - 1), std::abs(range->high - 1)) < 0.005;
    const int decimals = is_near_one ? 3 : 2;
    return fmt::format("{} ({}-{})", number(value, decimals), number(range->low, decimals),
                       number(range->high, decimals));
}

std::string listing(const std::vector<std::string>& words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        text += i == 0 ? "" : i + 1 == words.size() ? " and " : ", ";
        text += words[i];
    }
    return text;
}

bool natural_less(std::string_view a, std::string_view b) {
    while (!a.empty() && !b.empty()) {
        if (is_digit(a.front()) && is_digit(b.front())) {
            const std::string_view x = take_digits(a);
            const std::string_view y = take_digits(b);
            if (x != y) {
                return x.size() != y.size() ? x.size() < y.size() : x < y;
            }
        } else {
            if (a.front() != b.front()) {
                return a.front() < b.front();
            }
            a.remove_prefix(1);
            b.remove_prefix(1);
        }
    }
    return a.size() < b.size();
}

bool runtime_less(std::string_view a, std::string_view b) {
    const auto rank = [](std::string_view name) {
        return std::find(runtime_order.begin(), runtime_order.end(), name);
    };
    return rank(a) != rank(b) ? rank(a) < rank(b) : natural_less(a, b);
}

}  // namespace regatta::format
