// The program `regatta-audit-server MODEL`: MODEL is the JSON of server_model. Prints a line
// `ready` with its port, serves until its standard input ends, prints a line `done`.
#include <cstdio>
#include <exception>

#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/audit/server.hpp"
#include "harness/measure/histogram_json.hpp"

namespace {

using nlohmann::json;

void say(const json& line) {
    fmt::print("{}\n", line.dump());
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        say({{"event", "error"}, {"reason", "regatta-audit-server takes a model, as JSON"}});
        return 2;
    }
    try {
        regatta::audit::server server(regatta::audit::server_model_from_json(json::parse(argv[1])));
        say({{"event", "ready"}, {"port", server.port()}, {"pid", ::getpid()}});
        server.run(STDIN_FILENO);
        say({{"event", "done"},
             {"requests", server.requests()},
             {"lateness", regatta::to_json(server.lateness())}});
        return 0;
    } catch (const std::exception& error) {
        say({{"event", "error"}, {"reason", error.what()}});
        return 1;
    }
}
