#include "harness/record/record_writer.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace regatta {

record_writer::record_writer(std::filesystem::path file, int descriptor)
    : file_(std::move(file)), descriptor_(descriptor) {}

record_writer::record_writer(const std::filesystem::path& file, bool overwrite)
    : record_writer(file, -1) {
    std::error_code ignored;  // open() reports what matters
    if (file.has_parent_path()) {
        std::filesystem::create_directories(file.parent_path(), ignored);
    }
    const int mode = overwrite ? 0 : O_EXCL;
    descriptor_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | mode, 0644);
    if (descriptor_ < 0 && errno == EEXIST) {
        throw failure(fmt::format("{} exists; give another --out, or --force to overwrite it",
                                  file.string()));
    }
    if (descriptor_ < 0) {
        throw failure(fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
    }
    lock();
    cut_to(0);
}

record_writer::record_writer(record_writer&& other) noexcept
    : file_(std::move(other.file_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

record_writer::~record_writer() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

record_writer record_writer::reopened(const std::filesystem::path& file) {
    record_writer writer(file, ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (writer.descriptor_ < 0) {
        throw failure(fmt::format("cannot go on with {}: {}", file.string(), std::strerror(errno)));
    }
    writer.lock();
    return writer;
}

/// The lock ends with the process, however it ends. A file system without locks has none to break.
void record_writer::lock() const {
    struct stat now {};
    if (::fstat(descriptor_, &now) == 0 && S_ISREG(now.st_mode) &&
        ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        throw failure(
            fmt::format("{} is being written by a run that has not ended; wait for it, "
                        "or stop it",
                        file_.string()));
    }
}

void record_writer::cut_to(std::uintmax_t bytes) {
    struct stat now {};
    if (::fstat(descriptor_, &now) == 0 && S_ISREG(now.st_mode) &&
        static_cast<std::uintmax_t>(now.st_size) > bytes &&
        ::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) {
        throw failure(fmt::format("cannot write {}: {}", file_.string(), std::strerror(errno)));
    }
}

void record_writer::append(std::string_view kind, nlohmann::json fields) {
    fields["record"] = kind;
    fields["schema"] = record_schema;
    using handler = nlohmann::json::error_handler_t;
    const std::string line = fields.dump(-1, ' ', false, handler::replace) + "\n";
    struct stat before {};
    const bool has_size = ::fstat(descriptor_, &before) == 0 && S_ISREG(before.st_mode);
    std::size_t written = 0;
    while (written < line.size()) {
        const ssize_t count = ::write(descriptor_, line.data() + written, line.size() - written);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            const int reason = errno;
            if (has_size && written != 0 && ::ftruncate(descriptor_, before.st_size) != 0) {
                // The torn line stays; readers take it as the end of a truncated file.
            }
            throw failure(fmt::format("cannot write {}: {}; the records before are kept",
                                      file_.string(), std::strerror(reason)));
        }
        written += static_cast<std::size_t>(count);
    }
    if (::fdatasync(descriptor_) != 0 && errno != EINVAL && errno != EROFS) {
        throw failure(fmt::format("cannot flush {}: {}", file_.string(), std::strerror(errno)));
    }
}

}  // namespace regatta
