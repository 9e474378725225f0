#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace regatta {

/// Number of single-character insertions, deletions, substitutions and swaps of neighbours that
/// turn `from` into `to` (optimal string alignment distance).
std::size_t edit_distance(std::string_view from, std::string_view to);

/// The choice most like `word`, or an empty string when none is like it: more than a third of the
/// longer word would have to change.
std::string nearest(std::string_view word, std::span<const std::string> choices);

/// `choices` joined by ", ", the most similar to `word` first: the rest keep their order.
std::string nearest_first(std::string_view word, std::vector<std::string> choices);

}  // namespace regatta
