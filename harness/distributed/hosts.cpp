#include "harness/distributed/hosts.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include "harness/distributed/shard.hpp"
#include "harness/failure.hpp"

namespace regatta::distributed {
namespace {

constexpr std::int64_t ranks_max = 1000;  // as of --ranks; each has its place in mpirun's words

bool is_here(const std::string& name) {
    return name == "localhost" || name.starts_with("127.") || name == "::1" || name == host_name();
}

/// The one name of a host: this machine has several.
std::string name_of(const load_host& host) {
    return is_here(host.name) ? host_name() : host.name;
}

/// A host's, or USER@HOST as ssh takes it. Anything else may be an option to the launcher.
bool is_name(const std::string& name) {
    const auto is_plain = [](unsigned char c) { return c < 128 && std::isalnum(c) != 0; };
    return is_plain(static_cast<unsigned char>(name.front())) &&
           std::all_of(name.begin(), name.end(), [&](unsigned char c) {
               return is_plain(c) ||
                      std::string_view(".-_@").find(static_cast<char>(c)) != std::string_view::npos;
           });
}

load_host parse_line(const std::string& line, const std::string& where) {
    std::istringstream words(line);
    load_host host;
    std::string slots;
    std::string more;
    words >> host.name >> slots >> more;
    if (!is_name(host.name)) {
        throw usage_failure(
            fmt::format("{}: this begins with no name of a host: write letters, digits, '.', '-' "
                        "and '_', and no option or port",
                        where));
    }
    if (!slots.empty()) {
        const char* const end = slots.data() + slots.size();
        const bool is_number = slots.starts_with("slots=") &&
                               std::from_chars(slots.data() + 6, end, host.ranks).ptr == end &&
                               host.ranks >= 1 && host.ranks <= ranks_max;
        if (!is_number || !more.empty()) {
            throw usage_failure(
                fmt::format("{}: '{}' is no host: write NAME or NAME slots=N, N "
                            "from 1 to {}",
                            where, line, ranks_max));
        }
    }
    return host;
}

std::string find_mpirun() {
    std::istringstream folders(std::getenv("PATH") == nullptr ? "" : std::getenv("PATH"));
    for (std::string folder; std::getline(folders, folder, ':');) {
        const std::string program = (folder.empty() ? "." : folder) + "/mpirun";
        if (::access(program.c_str(), X_OK) == 0) {
            return program;
        }
    }
    throw failure("--hosts needs mpirun, which is not in PATH: apt-get install openmpi-bin", 3);
}

}  // namespace

std::vector<load_host> parse_hosts(const std::string& text, const std::string& name_of_file) {
    std::vector<load_host> hosts;
    std::istringstream lines(text);
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        line = line.substr(0, line.find('#'));
        if (line.find_first_not_of(" \t\r") != std::string::npos) {
            hosts.push_back(parse_line(line, fmt::format("{}:{}", name_of_file, number)));
        }
    }
    if (hosts.empty()) {
        throw usage_failure(fmt::format("{} names no host: write one a line", name_of_file));
    }
    if (rank_count(hosts) > ranks_max) {
        throw usage_failure(fmt::format("{} asks for {} ranks; at most {} can share a load",
                                        name_of_file, rank_count(hosts), ranks_max));
    }
    return hosts;
}

std::vector<load_host> read_hosts(const std::filesystem::path& file) {
    std::ifstream input(file);
    if (!input || std::filesystem::is_directory(file)) {
        throw usage_failure(
            fmt::format("--hosts {}: there is no such file that can be read", file.string()));
    }
    std::stringstream text;
    text << input.rdbuf();
    return parse_hosts(text.str(), file.string());
}

std::int64_t rank_count(const std::vector<load_host>& hosts) {
    return std::accumulate(
        hosts.begin(), hosts.end(), std::int64_t{0},
        [](std::int64_t sum, const load_host& each) { return sum + each.ranks; });
}

std::map<std::string, std::int64_t> ranks_by_host(const std::vector<load_host>& hosts) {
    std::map<std::string, std::int64_t> ranks;
    for (const load_host& each : hosts) {
        ranks[name_of(each)] += each.ranks;
    }
    return ranks;
}

bool are_all_here(const std::vector<load_host>& hosts) {
    return std::all_of(hosts.begin(), hosts.end(),
                       [](const load_host& each) { return is_here(each.name); });
}

std::vector<std::string> mpirun_command(const std::vector<load_host>& hosts) {
    // One name a rank, in order. Counts of slots would not do: where a resource manager grants
    // them, Open MPI fills each host up to its grant, and ranks would load from the server's own.
    std::string places = host_name();
    for (const load_host& each : hosts) {
        for (std::int64_t i = 0; i < each.ranks; ++i) {
            places += "," + name_of(each);
        }
    }
    std::vector<std::string> command{find_mpirun(), "--host", places, "-np",
                                     std::to_string(rank_count(hosts) + 1), "--map-by", "seq",
                                     // The generators pin themselves, or are left to the system.
                                     "--bind-to", "none", "--oversubscribe"};
    const std::pair<const char*, const char*> settings[] = {
        {"pml", "ob1"},
        {"btl", "self,vader,tcp"},
        // Containers forbid one process to read another's memory.
        {"btl_vader_single_copy_mechanism", "none"},
        {"mpi_yield_when_idle", "1"},
        // Else `node1.example.com` becomes `node1`, which need not be known here.
        {"orte_keep_fqdn_hostnames", "1"},
        // A link that is cut would go unnoticed for 8 minutes.
        {"oob_tcp_keepalive_time", "3"},
        {"oob_tcp_keepalive_intvl", "1"},
        {"oob_tcp_keepalive_probes", "3"}};
    for (const auto& [name, value] : settings) {
        // Given on the command line it would win over the environment, where the user sets it.
        if (std::getenv(fmt::format("OMPI_MCA_{}", name).c_str()) == nullptr) {
            command.insert(command.end(), {"--mca", name, value});
        }
    }
    if (::geteuid() == 0) {
        command.push_back("--allow-run-as-root");  // as in most containers
    }
    return command;
}

}  // namespace regatta::distributed
