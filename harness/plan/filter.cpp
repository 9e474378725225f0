#include "harness/plan/filter.hpp"

#include <fmt/format.h>

#include "harness/failure.hpp"

namespace regatta {
namespace {

const char* meaning(std::regex_constants::error_type code) {
    namespace c = std::regex_constants;
    if (code == c::error_paren) {
        return "a parenthesis without its partner";
    }
    if (code == c::error_brack) {
        return "a bracket [ without its ]";
    }
    if (code == c::error_brace || code == c::error_badbrace) {
        return "braces {} without a sound count";
    }
    if (code == c::error_badrepeat) {
        return "nothing to repeat";
    }
    if (code == c::error_escape) {
        return "an unknown escape";
    }
    if (code == c::error_range) {
        return "a range that runs backwards";
    }
    return "not understood";
}

bool is_valid(const std::string& expression) {
    try {
        std::regex compiled(expression);
        return true;
    } catch (const std::regex_error&) {
        return false;
    }
}

}  // namespace

filter::filter(const std::string& expression) {
    if (expression.empty()) {
        throw usage_failure("an empty filter matches everything by accident; write '.*'");
    }
    try {
        expression_ = std::regex(expression, std::regex::ECMAScript | std::regex::optimize);
    } catch (const std::regex_error& error) {
        // The standard library does not tell where: it is behind the longest front that is valid.
        std::size_t sound = expression.size();
        while (sound > 0 && !is_valid(expression.substr(0, sound))) {
            --sound;
        }
        throw usage_failure(fmt::format("'{}' is no regular expression: {} at character {}, '{}'",
                                        expression, meaning(error.code()), sound + 1,
                                        expression.substr(sound)));
    }
}

}  // namespace regatta
