#include "harness/plan/rate_pattern.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace regatta {
namespace {

using std::chrono::milliseconds;

// An hour at most, as the generator takes it, and no more steps than a name can hold.
constexpr milliseconds period_max = std::chrono::hours(1);
constexpr std::size_t steps_max = 50;
constexpr std::int64_t rate_max_per_s = 100'000'000;
// What "at once" means: a shorter time is less than the generator's own precision is worth.
constexpr milliseconds burst_length{1};

std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t minimum,
                                         std::int64_t maximum) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_whole = error == std::errc() && end == text.data() + text.size();
    return is_whole && value >= minimum && value <= maximum ? std::optional(value) : std::nullopt;
}

/// "500ms", "2s", "0.5s": whole milliseconds, at least one.
std::optional<milliseconds> duration(std::string_view text) {
    const bool is_milliseconds = text.ends_with("ms");
    const std::size_t unit = is_milliseconds ? 2 : 1;
    if (text.size() <= unit || !text.ends_with('s')) {
        return std::nullopt;
    }
    text.remove_suffix(unit);
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    const double length = is_milliseconds ? value : value * 1000;
    const bool is_right = error == std::errc() && end == text.data() + text.size() && length >= 1 &&
                          length <= static_cast<double>(period_max.count()) &&
                          std::abs(length - std::round(length)) < 1e-6;
    return is_right ? std::optional(milliseconds(std::llround(length))) : std::nullopt;
}

std::string duration_text(milliseconds length) {
    return length.count() % 1000 == 0 ? fmt::format("{}s", length.count() / 1000)
                                      : fmt::format("{}ms", length.count());
}

std::optional<rate_pattern> parse_steps(std::string_view text) {
    rate_pattern pattern{std::string(steps_parameter), "", {}};
    milliseconds sum{};
    bool has_requests = false;
    for (bool is_last = false; !is_last;) {
        const std::size_t comma = text.find(',');
        is_last = comma == text.npos;
        const std::string_view step = text.substr(0, comma);
        const std::size_t at = step.find('@');
        const auto length = duration(step.substr(0, at));
        const auto rate =
            at == step.npos ? std::nullopt : whole_number(step.substr(at + 1), 0, rate_max_per_s);
        if (!length || !rate) {
            return std::nullopt;
        }
        sum += *length;
        has_requests = has_requests || *rate != 0;
        pattern.steps.push_back({*length, static_cast<double>(*rate)});
        pattern.text +=
            fmt::format("{}{}@{}", pattern.text.empty() ? "" : ",", duration_text(*length), *rate);
        text.remove_prefix(is_last ? 0 : comma + 1);
    }
    const bool is_right = has_requests && sum <= period_max && pattern.steps.size() <= steps_max;
    return is_right ? std::optional(std::move(pattern)) : std::nullopt;
}

std::optional<rate_pattern> parse_bursts(std::string_view text) {
    constexpr std::int64_t requests_max = rate_max_per_s / 1000 * burst_length.count();
    const std::size_t at = text.find('@');
    const auto requests = whole_number(text.substr(0, at), 1, requests_max);
    const auto period = at == text.npos ? std::nullopt : duration(text.substr(at + 1));
    if (!requests || !period || *period <= burst_length) {
        return std::nullopt;
    }
    const double rate = static_cast<double>(*requests) * 1000 / burst_length.count();
    return rate_pattern{std::string(bursts_parameter),
                        fmt::format("{}@{}", *requests, duration_text(*period)),
                        {{burst_length, rate}, {*period - burst_length, 0}}};
}

double seconds_of(milliseconds length) {
    return std::chrono::duration<double>(length).count();
}

double requests_of(const std::vector<rate_step>& steps) {
    double sum = 0;
    for (const rate_step& each : steps) {
        sum += seconds_of(each.duration) * each.rate_per_s;
    }
    return sum;
}

}  // namespace

bool is_pattern_parameter(std::string_view name) {
    return name == steps_parameter || name == bursts_parameter;
}

std::optional<rate_pattern> parse_pattern(std::string_view parameter, std::string_view text) {
    return parameter == steps_parameter ? parse_steps(text) : parse_bursts(text);
}

std::string refusal_of_pattern(std::string_view parameter, std::string_view text) {
    if (parameter == bursts_parameter) {
        return fmt::format(
            "bursts = {}: write how many requests (up to 100000) and how often (2 ms to 1 h), like "
            "100@50ms",
            text);
    }
    return fmt::format(
        "steps = {}: write durations (whole milliseconds) and requests a second, not all 0, like "
        "2s@1000,500ms@5000; up to {} steps, an hour in all",
        text, steps_max);
}

double period_s(const std::vector<rate_step>& steps) {
    milliseconds sum{};
    for (const rate_step& each : steps) {
        sum += each.duration;
    }
    return seconds_of(sum);
}

double mean_rate_per_s(const std::vector<rate_step>& steps) {
    return steps.empty() ? 0 : requests_of(steps) / period_s(steps);
}

double requests_due(const std::vector<rate_step>& steps, double seconds) {
    const double periods = std::floor(seconds / period_s(steps));
    double due = periods * requests_of(steps);
    double rest_s = seconds - periods * period_s(steps);
    for (const rate_step& each : steps) {
        const double taken_s = std::clamp(rest_s, 0.0, seconds_of(each.duration));
        due += taken_s * each.rate_per_s;
        rest_s -= taken_s;
    }
    return due;
}

std::vector<rate_step> begun_before(const std::vector<rate_step>& steps, milliseconds lead) {
    const milliseconds period(std::llround(period_s(steps) * 1000));
    milliseconds skipped = (period - lead % period) % period;
    std::vector<rate_step> turned;
    std::vector<rate_step> ends;
    for (const rate_step& each : steps) {
        const milliseconds before = std::min(skipped, each.duration);
        skipped -= before;
        if (before != each.duration) {
            turned.push_back({each.duration - before, each.rate_per_s});
        }
        if (before.count() != 0) {
            ends.push_back({before, each.rate_per_s});
        }
    }
    turned.insert(turned.end(), ends.begin(), ends.end());
    return turned;
}

}  // namespace regatta
