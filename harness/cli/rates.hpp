#pragma once

#include <string>
#include <utility>

/// How the command line says the load of an open loop.
namespace regatta::cli {

/// `text` of --rate as a parameter and its values (harness/plan/selection.hpp): "1000,2000" is
/// rate_per_s; "10%,50%" and "10%..95%" (in steps of ten) are load_percent. Throws `failure` with
/// status 2 for anything else.
std::pair<std::string, std::string> load_override(const std::string& text);

}  // namespace regatta::cli
