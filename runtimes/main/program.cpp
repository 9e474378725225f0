// main() of every C++ runtime; the build says which one.
#include "runtimes/main/program.hpp"

#include "selected_runtime.hpp"

int main(int argc, char** argv) {
    return regatta::program<regatta::selected_runtime>(argc, argv);
}
