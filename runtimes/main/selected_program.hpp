#pragma once

namespace regatta {

/// program() of the runtime that this program is built for.
int selected_program(int argc, char** argv);

}  // namespace regatta
