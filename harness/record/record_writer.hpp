#pragma once

#include <cstdint>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "harness/failure.hpp"

namespace regatta {

/// Version of results/FORMAT.md that is written and read.
inline constexpr int record_schema = 1;

/// Appends records to a results file, one write() a line, on disk before append() returns: what
/// ends the run keeps the records before it. Locks the file, so that no other run writes it.
class record_writer {
public:
    /// Creates `file` and its folder. Throws `failure` when that is impossible, when the file
    /// exists and `overwrite` is not given, or when another run writes it.
    record_writer(const std::filesystem::path& file, bool overwrite);
    record_writer(record_writer&& other) noexcept;
    record_writer& operator=(record_writer&&) = delete;
    ~record_writer();

    /// Goes on after the last line of `file`. Throws `failure` when there is no such file, it
    /// cannot be written, or another run writes it.
    static record_writer reopened(const std::filesystem::path& file);

    /// Writes `fields` with `record` = `kind` and `schema` added. Throws `failure` when the disk is
    /// full or fails; then the file ends with the last whole record, as far as the system allows.
    void append(std::string_view kind, nlohmann::json fields);

    /// Takes away what a regular file has beyond `bytes`. Throws `failure`.
    void cut_to(std::uintmax_t bytes);

private:
    record_writer(std::filesystem::path file, int descriptor);
    void lock() const;

    std::filesystem::path file_;
    int descriptor_ = -1;
};

}  // namespace regatta
