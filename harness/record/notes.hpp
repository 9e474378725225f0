#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "harness/record/summary.hpp"

namespace regatta {

/// One thing to know before believing a figure, said once however many trials say it.
struct note {
    std::string kind;                 ///< "failed", "invalid" or "warning"
    std::string sentence;             ///< as the first trial said it
    std::vector<std::string> labels;  ///< of the runtimes, each once
    std::size_t times = 0;
};

/// Gathers sentences that differ in nothing but numbers.
class note_list {
public:
    void add(const std::string& kind, const std::string& sentence, const std::string& label);

    const std::vector<note>& notes() const { return notes_; }

private:
    std::vector<note> notes_;
    std::vector<std::string> keys_;
};

/// What the trials of `rivals` say of themselves, as lines of a Markdown list:
/// "- warning (asio and fiber): the clock source is hpet". Empty when there is nothing.
std::string render_notes(std::span<const benchmark_summary> rivals);

/// How many ok trials of all `summaries` had which way between the server's and the generator's
/// CPU, where there were several; a line of text, or nothing.
std::string cache_states_line(std::span<const benchmark_summary> summaries);

/// The same of a whole run: invalid and failed trials one by one, warnings gathered.
std::string render_trial_notes(const std::vector<nlohmann::json>& trials);

}  // namespace regatta
