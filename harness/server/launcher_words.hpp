#pragma once

#include <string>

namespace regatta {

/// What a program that has failed said on standard error, on one line: of Open MPI's mpirun, what
/// it, ssh or a host's shell says of the host in trouble; of any other, the last line. Empty where
/// it said nothing.
std::string launcher_words(const std::string& error_text);

}  // namespace regatta
