#pragma once

#include <deque>
#include <optional>
#include <string>

namespace regatta::distributed {

/// Lines of a descriptor, without waiting for them.
class line_input {
public:
    explicit line_input(int descriptor) : descriptor_(descriptor) {}

    /// The next line that has come whole; nothing when none has.
    std::optional<std::string> next();
    /// It has ended, and every line was taken.
    bool is_over() const { return has_ended_ && lines_.empty(); }

private:
    void read_available();

    int descriptor_;
    bool has_ended_ = false;
    std::string partial_;
    std::deque<std::string> lines_;
};

}  // namespace regatta::distributed
