#pragma once

#include <string>
#include <vector>

namespace regatta::cli {

/// Becomes the program in plots/ with these arguments, so that its output, exit status and Ctrl-C
/// are those of the verb. Returns only where no Python here can draw: it has then said so, with
/// `what`
/// ("report") as what there will not be, and gives the exit status. Throws `failure` where plots/
/// is gone.
int become_plots_program(const std::vector<std::string>& arguments, const char* what);

}  // namespace regatta::cli
