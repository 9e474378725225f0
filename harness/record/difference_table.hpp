#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "harness/record/difference.hpp"

namespace regatta {

/// What is compared, for headlines: "main.jsonl".
struct compared_files {
    std::string before;
    std::string after;
};

/// One sentence: what is worse and better, or that nothing is, or why nobody may say.
std::string conclusion_of(const record_difference& difference);

/// A table for each metric, in Markdown, with what must be read beside it. With `is_report` the
/// conclusion stands first, under a headline; else it stands last, above the prompt.
std::string render_difference(const record_difference& difference, const compared_files& files,
                              bool is_report);

/// The same as one object, `kind` "diff".
nlohmann::json to_json(const record_difference& difference, const compared_files& files);

}  // namespace regatta
