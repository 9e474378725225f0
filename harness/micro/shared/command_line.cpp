#include "harness/micro/shared/command_line.hpp"

#include <exception>

#include <fmt/format.h>

#include "harness/failure.hpp"
#include "harness/server/interrupt.hpp"

namespace regatta::micro {
namespace {

constexpr int of_interrupt = 130;
constexpr int of_anything_else = 5;

}  // namespace

int run_command_line(CLI::App& program, int argc, char** argv, const std::function<int()>& body) {
    const auto refuse = [&](const char* why, int exit_status) {
        fmt::print(stderr, "{}: {}\n", program.get_name(), why);
        return exit_status;
    };
    try {
        program.parse(argc, argv);
        return body();
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : 2;
    } catch (const interrupted&) {
        return refuse("interrupted", of_interrupt);
    } catch (const failure& error) {
        return refuse(error.what(), error.exit_status());
    } catch (const std::exception& error) {
        return refuse(error.what(), of_anything_else);
    }
}

}  // namespace regatta::micro
