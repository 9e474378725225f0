// The program `regatta-load`: one plan in, one result out. See README.md beside this file.
//   regatta-load                                 one generator
//   regatta-load --ranks N [--shards FOLDER]     N of them on this machine: harness/distributed
#include <sched.h>
#include <sys/prctl.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/distributed/program.hpp"
#include "harness/load/clock.hpp"
#include "harness/load/failure.hpp"
#include "harness/load/generator.hpp"

namespace {

using namespace regatta::load;
using nlohmann::json;

void say(const json& line) {
    const std::string text = line.dump() + '\n';
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

int say_error(int exit_status, const std::string& reason, const std::string& hint) {
    say({{"event", "error"}, {"reason", reason}, {"hint", hint}});
    return exit_status;
}

// Waits for the harness between the stages; the end of standard input means that it is gone.
class stages_on_standard_streams final : public load_stages {
public:
    bool connected(std::uint32_t connections) override {
        say({{"event", "connected"}, {"connections", connections}});
        return wait_for("go");
    }
    std::uint64_t begin_ns() override { return begin_ns_ ? *begin_ns_ : now_ns(); }
    void measuring() override { say({{"event", "measuring"}}); }
    bool measured() override {
        say({{"event", "measured"}});
        return wait_for("finish");
    }

private:
    // "go" may be followed by the time at which the load begins.
    bool wait_for(const std::string& word) {
        std::string line;
        if (!std::getline(std::cin, line)) {
            return false;
        }
        std::uint64_t begin_ns = 0;
        const char* const end = line.data() + line.size();
        if (word == "go" && line.starts_with("go ") &&
            std::from_chars(line.data() + 3, end, begin_ns).ptr == end) {
            begin_ns_ = begin_ns;
        } else if (line != word) {
            throw failure(failure::kind::usage, fmt::format("'{}' was said", line),
                          fmt::format("say '{}'", word));
        }
        return true;
    }

    std::optional<std::uint64_t> begin_ns_;
};

void settle(const load_plan& plan) {
    if (plan.cpus.empty()) {
        return;
    }
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    for (const int cpu : plan.cpus) {
        CPU_SET(cpu, &allowed);
    }
    if (sched_setaffinity(0, sizeof allowed, &allowed) != 0) {
        throw failure(failure::kind::machine_cannot,
                      fmt::format("cannot run on CPUs {}: {}", fmt::join(plan.cpus, ", "),
                                  std::strerror(errno)),
                      "name CPUs that are online and that this process may use (taskset -p 1)");
    }
}

int run() {
    std::string line;
    if (!std::getline(std::cin, line)) {
        throw failure(failure::kind::usage, "there is no plan on standard input",
                      "one line of JSON, as in harness/load/README.md");
    }
    const load_plan plan = parse_plan(line);
    settle(plan);
    stages_on_standard_streams stages;
    const auto result = run_load(plan, stages);
    if (!result) {
        return static_cast<int>(failure::kind::other);
    }
    json event = to_json(*result);
    event["event"] = "result";
    say(event);
    return 0;
}

}  // namespace

int main(int count, char** words) {
    // The harness may be killed: never load a server for nobody.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_TIMERSLACK, 1);
    try {
        const regatta::distributed::program_options options =
            regatta::distributed::read_options({words + 1, words + count});
        return options.ranks == 0 ? run() : regatta::distributed::run_local(options);
    } catch (const failure& error) {
        return say_error(error.exit_status(), error.what(), error.hint());
    } catch (const std::bad_alloc&) {
        return say_error(static_cast<int>(failure::kind::machine_cannot), "out of memory",
                         "ask for fewer connections, less depth or smaller messages");
    } catch (const std::exception& error) {
        return say_error(static_cast<int>(failure::kind::other), error.what(), "");
    }
}
