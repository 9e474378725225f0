#pragma once

#include <string>
#include <vector>

namespace regatta::distributed {

class roster;

/// Sentences on what the ranks of one load do not agree on, so that a pooled figure would hide it:
/// median latencies more than a fifth apart, replies per connection more than a tenth, a late
/// begin, clocks that ran apart, an engine that not all have.
std::vector<std::string> disagreements(const roster& ranks);

}  // namespace regatta::distributed
