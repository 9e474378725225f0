#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>

#include <nlohmann/json.hpp>

#include "harness/failure.hpp"

namespace regatta {

/// Reads a results file (results/FORMAT.md) record by record, so that memory does not grow with the
/// file. Throws `failure` with one line that names the file and line when the file cannot be
/// opened, is no results file, or was written by another schema. A last line that is not whole is
/// no error: the file is truncated.
class record_reader {
public:
    explicit record_reader(const std::filesystem::path& file);

    /// The next record, an object with `record` and `schema`; nothing at the end.
    std::optional<nlohmann::json> next();

    /// Once next() has returned nothing: whether the file lacks its `end`.
    bool truncated() const { return !complete_; }

    /// How many bytes the records so far take; a last line without its newline is not counted.
    std::uintmax_t whole_bytes() const { return whole_bytes_; }

private:
    [[noreturn]] void refuse(const std::string& reason) const;

    std::filesystem::path file_;
    std::ifstream stream_;
    std::size_t line_ = 0;
    std::uintmax_t whole_bytes_ = 0;
    bool complete_ = false;
};

/// A whole results file in memory.
struct record_file {
    nlohmann::json run;  ///< null when the file ends before it
    std::vector<nlohmann::json> trials;
    nlohmann::json end;                  ///< null when truncated
    std::vector<nlohmann::json> others;  ///< kinds this reader has no field for, in file order
    bool truncated = false;
};

/// Reads all of `file`; throws as record_reader does.
record_file read_record_file(const std::filesystem::path& file);

}  // namespace regatta
