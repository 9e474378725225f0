// main() of every C++ runtime; the build says which one (program.cpp).
#include "runtimes/main/selected_program.hpp"

int main(int argc, char** argv) {
    return regatta::selected_program(argc, argv);
}
