#include "harness/cli/rates.hpp"

#include <charconv>
#include <optional>
#include <sstream>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/failure.hpp"
#include "harness/plan/benchmark.hpp"

namespace regatta::cli {
namespace {

constexpr int percent_step = 10;

[[noreturn]] void refuse(const std::string& text) {
    throw usage_failure(fmt::format(
        "--rate {}: write requests a second, like 1000 or 1000,2000,4000, or shares of what each "
        "runtime can do, like 50% or 10%..95%",
        text));
}

/// "50%" as 50; nothing for another form.
std::optional<int> percent(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_percent = error == std::errc() && value > 0 && value <= load_parameter.maximum &&
                            std::string_view(end, text.data() + text.size()) == "%";
    return is_percent ? std::optional(value) : std::nullopt;
}

/// The percentages that `item` means, "50%" or "10%..95%"; none when it is neither.
std::vector<int> percentages(const std::string& item) {
    const std::size_t dots = item.find("..");
    const auto first = percent(std::string_view(item).substr(0, dots));
    const auto last =
        dots == std::string::npos ? first : percent(std::string_view(item).substr(dots + 2));
    if (!first || !last || *first > *last) {
        return {};
    }
    std::vector<int> all;
    for (int each = *first; each < *last; each += percent_step) {
        all.push_back(each);
    }
    all.push_back(*last);
    return all;
}

}  // namespace

std::pair<std::string, std::string> load_override(const std::string& text) {
    const bool is_share = text.find('%') != std::string::npos;
    std::vector<std::string> values;
    std::istringstream items(text);
    for (std::string item; std::getline(items, item, ',');) {
        if (!is_share) {
            if (item.empty() || item.find_first_not_of("0123456789") != std::string::npos ||
                item.find_first_not_of('0') == std::string::npos) {
                refuse(text);
            }
            values.push_back(item);
            continue;
        }
        const std::vector<int> shares = percentages(item);
        if (shares.empty()) {
            refuse(text);
        }
        for (const int share : shares) {
            values.push_back(std::to_string(share));
        }
    }
    if (values.empty()) {
        refuse(text);
    }
    return {std::string(is_share ? load_parameter.name : rate_parameter.name),
            fmt::format("{}", fmt::join(values, ","))};
}

}  // namespace regatta::cli
