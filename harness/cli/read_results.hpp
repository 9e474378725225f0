#pragma once

#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "harness/record/record_reader.hpp"

namespace regatta::cli {

/// A whole results file. Warns on standard error when it is truncated; throws as
/// read_record_file() does.
inline record_file read_results(const std::string& file) {
    record_file content = read_record_file(file);
    if (content.truncated) {
        fmt::print(stderr, "{}: truncated: its run did not end; going on with {} trials\n", file,
                   content.trials.size());
    }
    return content;
}

}  // namespace regatta::cli
