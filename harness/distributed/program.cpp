#include "harness/distributed/program.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <exception>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/distributed/agent.hpp"
#include "harness/distributed/coordinator.hpp"
#include "harness/distributed/local_transport.hpp"
#include "harness/load/failure.hpp"

namespace regatta::distributed {
namespace {

int coordinate(coordinator& rank0) {
    try {
        return rank0.run();
    } catch (const load::failure& error) {
        return say_error(error.exit_status(), error.what(), error.hint());
    } catch (const std::exception& error) {
        return say_error(1, error.what(), "");
    }
}

}  // namespace

int run_coordinator(transport& others, const std::filesystem::path& shards) {
    coordinator rank0(others, shards);
    const int status = coordinate(rank0);
    for (unsigned rank = 1; rank <= others.loaders(); ++rank) {
        others.send(rank, {{"do", "stop"}});
    }
    if (rank0.has_lost()) {
        others.abandon(status);
    }
    return status;
}

int run_loader(transport& others, child_process& generator) {
    try {
        return agent(others, generator).run();
    } catch (const std::exception& error) {
        others.send(0, {{"say", "lost"}, {"reason", error.what()}, {"exit_status", 1}});
        return 1;
    }
}

int say_error(int exit_status, const std::string& reason, const std::string& hint) {
    const std::string line =
        nlohmann::json{{"event", "error"}, {"reason", reason}, {"hint", hint}}.dump() + '\n';
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
    return exit_status;
}

program_options read_options(const std::vector<std::string>& words) {
    constexpr unsigned ranks_max = 1000;
    program_options options;
    options.generator =
        std::filesystem::read_symlink("/proc/self/exe").replace_filename("regatta-load");
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const std::string value = i + 1 < words.size() ? words[i + 1] : "";
        const char* const end = value.data() + value.size();
        if (words[i] == "--shards" && !value.empty()) {
            options.shards = value;
        } else if (words[i] != "--ranks" ||
                   std::from_chars(value.data(), end, options.ranks).ptr != end ||
                   options.ranks < 1 || options.ranks > ranks_max) {
            throw load::failure(load::failure::kind::usage,
                                fmt::format("'{} {}' is no option", words[i], value),
                                fmt::format("--ranks N (1 to {}) and --shards FOLDER", ranks_max));
        }
    }
    return options;
}

int run_local(const program_options& options) {
    try {
        const auto others = local_transport::start(options.ranks);
        if (others->rank() == 0) {
            return run_coordinator(*others, options.shards);
        }
        child_process loads({{options.generator.string()}, {}, {}});
        return run_loader(*others, loads);
    } catch (const load::failure& error) {
        return say_error(error.exit_status(), error.what(), error.hint());
    } catch (const std::exception& error) {
        return say_error(1, error.what(), "");
    }
}

}  // namespace regatta::distributed
