#pragma once

#include <string>
#include <vector>

#include "harness/record/record_reader.hpp"

namespace regatta {

/// What was drawn for a report.
struct report_figures {
    std::vector<std::string> files;  ///< names of pictures, relative to the report
    std::vector<std::string> notes;  ///< why a figure, or all of them, is not there
};

/// A run as one Markdown page: what the intervals say, figures, tables, what is not valid, the
/// machine, and how to repeat it. Throws std::runtime_error where a record lacks what the format
/// promises.
std::string render_report(const record_file& results, const std::string& file_name,
                          const report_figures& figures);

/// `argv` as a shell takes it.
std::string shell_command(const std::vector<std::string>& argv);

}  // namespace regatta
