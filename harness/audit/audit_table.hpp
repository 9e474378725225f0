#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace regatta::audit {

/// The rows of a table of `audits`, records of one server, header first: a row of the truth for
/// each arrival process that has another truth than the one before, a row for each tool that
/// reported. A cell is the percentile in ms and its error: in per cent of the truth, or in ms where
/// the truth is under 1 ms and the way through the kernel is a large part of it.
std::vector<std::vector<std::string>> table_rows(const std::vector<nlohmann::json>& audits);

/// Sentences below the table: what is absent or failed, what the server added of its own, what
/// stands where there is no truth.
std::vector<std::string> table_notes(const std::vector<nlohmann::json>& audits);

}  // namespace regatta::audit
