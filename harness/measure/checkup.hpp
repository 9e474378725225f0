#pragma once

#include <string>
#include <vector>

namespace regatta {

/// One thing about the machine that bears on measurements.
struct finding {
    enum class grade {
        ok,
        note,        ///< figures stand, but they are figures of such a machine
        problem,     ///< figures are in danger
        impossible,  ///< no run can succeed
    };
    std::string subject;
    std::string value;
    grade severity = grade::ok;
    std::string advice = {};  ///< what it means or how to mend it; empty when ok
};

/// "OK", "note", "problem", "impossible".
const char* grade_name(finding::grade severity);

/// Looks at the machine as it is now; takes half a second, in which the foreign load is sampled.
std::vector<finding> check_machine();

}  // namespace regatta
