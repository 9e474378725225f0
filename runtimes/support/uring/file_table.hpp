#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "runtimes/support/uring/ring.hpp"
#include "runtimes/support/uring/tricks.hpp"

namespace regatta::uring {

/// How many slots a file table is given: the kernel allows no more than RLIMIT_NOFILE.
inline unsigned file_table_slots() {
    constexpr rlim_t enough = 1u << 17;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<unsigned>(std::min(limit.rlim_cur, enough));
}

/// A ring's registered files, in which each descriptor has the slot of its own number: operations
/// on it take no reference of the process's descriptor table.
class file_table {
public:
    /// In use when `asked` is 1 and the kernel agrees; else `notes` says why not.
    file_table(ring& owner, std::int64_t asked, std::vector<std::string>& notes) : ring_(owner) {
        if (!grant(trick::registered_files, registered_files_parameter, asked, notes)) {
            return;
        }
        const int refused = ::io_uring_register_files_sparse(owner.native(), file_table_slots());
        is_in_use_ = refused == 0;
        if (!is_in_use_) {
            notes.push_back(std::string("registered_files is off: ") + std::strerror(-refused));
        }
    }

    bool is_in_use() const { return is_in_use_; }

    /// Registers `fd`; gives the flags for submission entries that name it.
    std::uint8_t add(int fd) {
        const bool is_added =
            is_in_use_ && ::io_uring_register_files_update(ring_.native(),
                                                           static_cast<unsigned>(fd), &fd, 1) == 1;
        return is_added ? static_cast<std::uint8_t>(IOSQE_FIXED_FILE) : std::uint8_t{0};
    }
    /// Before `fd`, for which add() gave `flags`, is closed: else its socket would stay open.
    void remove(int fd, std::uint8_t flags) {
        if (flags != 0) {
            int none = -1;
            ::io_uring_register_files_update(ring_.native(), static_cast<unsigned>(fd), &none, 1);
        }
    }

private:
    ring& ring_;
    bool is_in_use_ = false;
};

}  // namespace regatta::uring
