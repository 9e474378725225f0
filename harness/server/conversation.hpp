#pragma once

#include <nlohmann/json.hpp>

#include "harness/server/child_process.hpp"

namespace regatta {

/// Why a trial has no figures: one sentence.
class trial_failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A partner in a trial: a process, and how messages call it ("the server", "the generator").
struct speaker {
    child_process& process;
    std::string name;
};

/// Waits for the line `{"event": EVENT, ...}` of `from`. Throws trial_failure when `from` reports
/// an error, says anything else, ends or stays silent beyond `deadline`; also when `other` ends
/// meanwhile. Throws `interrupted` on a request to stop.
nlohmann::json await_event(const speaker& from, std::string_view event,
                           clock_type::time_point deadline, const speaker* other = nullptr);

/// The same of a program that prints one object and no events: `describe`.
nlohmann::json await_object(const speaker& from, clock_type::time_point deadline);

/// "the server ended with signal 9 (Killed); its last words: ..."
std::string describe_end(const speaker& ended);

/// `text` fit for a one-line message: control characters as spaces, at most 200 bytes.
std::string excerpt(std::string_view text);

}  // namespace regatta
