#pragma once

#include <filesystem>

#include <nlohmann/json.hpp>

#include "harness/failure.hpp"

namespace regatta {

/// Version of results/FORMAT.md that is written and read.
inline constexpr int record_schema = 1;

/// Appends records to a results file, one write() a line, on disk before append() returns: what
/// ends the run keeps the records before it.
class record_writer {
public:
    /// Creates `file` and its folder. Throws `failure` when that is impossible, or when the file
    /// exists and `overwrite` is not given.
    record_writer(const std::filesystem::path& file, bool overwrite);
    ~record_writer();
    record_writer(const record_writer&) = delete;
    record_writer& operator=(const record_writer&) = delete;

    /// Writes `fields` with `record` = `kind` and `schema` added. Throws `failure` when the disk is
    /// full or fails; then the file ends with the last whole record, as far as the system allows.
    void append(std::string_view kind, nlohmann::json fields);

private:
    std::filesystem::path file_;
    int descriptor_ = -1;
};

}  // namespace regatta
