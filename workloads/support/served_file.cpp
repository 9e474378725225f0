#include "workloads/support/served_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "workloads/kernels.hpp"

namespace regatta {

served_file::served_file() : fd_(::memfd_create("regatta_file", MFD_CLOEXEC)) {
    std::span<const std::byte> rest;
    const std::vector<std::byte> all = content();
    for (rest = all; fd_ >= 0 && !rest.empty();) {
        const ssize_t written = ::write(fd_, rest.data(), rest.size());
        if (written < 0 && errno != EINTR) {
            break;
        }
        rest = rest.subspan(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
    if (fd_ < 0 || !rest.empty()) {
        const int error = errno;
        if (fd_ >= 0) {
            ::close(fd_);
        }
        throw std::system_error(error, std::generic_category(), "the file to be served");
    }
}

served_file::~served_file() {
    ::close(fd_);
}

bool served_file::read(std::uint64_t offset, std::span<std::byte> into) const {
    while (!into.empty()) {
        const ssize_t got = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return false;
        }
        if (got > 0) {
            into = into.subspan(static_cast<std::size_t>(got));
            offset += static_cast<std::uint64_t>(got);
        }
    }
    return true;
}

std::vector<std::byte> served_file::content() {
    std::vector<std::byte> bytes(size_bytes);
    kernels::fill(bytes, 0xf11e);
    return bytes;
}

}  // namespace regatta
