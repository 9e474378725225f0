#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

namespace regatta::cli {

/// One line on standard error that says which trial runs and how long the rest may take; only on a
/// terminal. Without colour, so NO_COLOR has nothing to turn off.
class progress {
public:
    progress(std::size_t total, bool is_wanted)
        : total_(total), is_shown_(is_wanted && ::isatty(STDERR_FILENO) == 1 && !is_dumb()) {}
    ~progress() { clear(); }
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;

    /// There will be so many trials in all, as far as is known now.
    void expect(std::size_t total) { total_ = total; }

    /// Of the total, `done` were there before: they say nothing of how long the rest takes.
    void skip(std::size_t done) { skipped_ = done; }

    /// Trial number `done` (from 0) begins.
    void show(std::size_t done, std::string_view name) const {
        if (!is_shown_) {
            return;
        }
        std::string left;
        if (done > skipped_) {
            const double elapsed =
                std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
            const auto seconds = static_cast<long>(elapsed / static_cast<double>(done - skipped_) *
                                                   static_cast<double>(total_ - done));
            left = fmt::format("{}:{:02} left  ", seconds / 60, seconds % 60);
        }
        fmt::print(stderr, "\r\033[K[{}/{}] {}{}", done + 1, total_, left, name);
        std::fflush(stderr);
    }

    /// Takes the line away, so that something else can be printed.
    void clear() const {
        if (is_shown_) {
            fmt::print(stderr, "\r\033[K");
            std::fflush(stderr);
        }
    }

private:
    static bool is_dumb() {
        const char* terminal = std::getenv("TERM");
        return terminal == nullptr || std::string_view(terminal) == "dumb";
    }

    std::size_t total_;
    std::size_t skipped_ = 0;
    bool is_shown_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace regatta::cli
