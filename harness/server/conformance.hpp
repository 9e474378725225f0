#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/plan/runtime_entry.hpp"

namespace regatta {

/// A promise of runtimes/CONTRACT.md, and how a program broke it.
struct conformance_check {
    std::string promise;
    std::optional<std::string> complaint;  ///< nothing: it is kept
};

/// What can be said of `runtime`'s program without load: that it refuses what it does not know, and
/// that it stops when asked, in both ways. A broken or unavailable runtime gets one check that
/// fails. Throws only `interrupted`.
std::vector<conformance_check> check_contract(const runtime_entry& runtime);

}  // namespace regatta
