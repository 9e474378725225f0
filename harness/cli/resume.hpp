#pragma once

#include <filesystem>

#include "harness/cli/run_options.hpp"
#include "harness/record/record_writer.hpp"
#include "harness/record/unfinished_run.hpp"

namespace regatta::cli {

/// An interrupted `regatta run` that goes on in the same file.
class resumption {
public:
    /// Throws `failure` when `file` is not that of one `regatta run`, or another run writes it.
    explicit resumption(const std::filesystem::path& file);

    const unfinished_run& before() const { return before_; }
    const std::filesystem::path& file() const { return file_; }  ///< absolute

    /// The options that the run began with, and its seed; only what is printed is as `given` on
    /// `command` now. Makes the folder in which it began the current one, so that they mean the
    /// same. Throws `failure` with status 2 when `command` says anything else than they do.
    run_options options(const CLI::App& command, const run_options& given) const;

    /// Whether `benchmark` has rounds left.
    bool lacks(const std::string& benchmark) const;

    /// Puts on record that the run goes on, and gives the writer of its file. Throws `failure` when
    /// a run with the record `head` would not be the one that the file holds.
    record_writer go_on(const nlohmann::json& head);

private:
    std::filesystem::path file_;
    record_writer writer_;  ///< before `before_`: what is read under the lock does not change
    unfinished_run before_;
};

}  // namespace regatta::cli
