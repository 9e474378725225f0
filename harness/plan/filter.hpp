#pragma once

#include <regex>
#include <string>

namespace regatta {

/// A regular expression (ECMAScript) on benchmark names.
class filter {
public:
    /// Throws `failure` with status 2 that says what is wrong and where.
    explicit filter(const std::string& expression);

    /// Whether it matches anywhere in `name`; ^ and $ tie it to the ends.
    bool matches(const std::string& name) const { return std::regex_search(name, expression_); }
    /// Whether it matches `name` from end to end.
    bool matches_whole(const std::string& name) const {
        return std::regex_match(name, expression_);
    }

private:
    std::regex expression_;
};

}  // namespace regatta
