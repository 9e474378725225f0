// The program `regatta-load-mpi`: a load on many hosts, started by mpirun or by Slurm. Rank 0
// speaks the dialogue of harness/load/README.md on the standard streams; every other rank starts
// the `regatta-load` beside this program and loads with it.
//   mpirun ... regatta-load-mpi [--shards FOLDER]
#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "harness/distributed/mpi_transport.hpp"
#include "harness/distributed/program.hpp"
#include "harness/distributed/shard.hpp"
#include "harness/load/failure.hpp"

namespace {

using namespace regatta;
using namespace regatta::distributed;

/// Which rank this is, before MPI_Init: Open MPI, and Slurm's PMI, say it in the environment. Empty
/// where nobody started it but a shell.
std::string_view rank_of_this() {
    for (const char* const name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK"}) {
        if (const char* const rank = std::getenv(name)) {
            return rank;
        }
    }
    return {};
}

/// Says of other ranks than the coordinator where they are: mpirun mixes what ranks say.
int say_error_of_rank(int exit_status, const std::string& reason, const std::string& hint) {
    const bool is_other = !rank_of_this().empty() && rank_of_this() != "0";
    return say_error(exit_status, is_other ? fmt::format("on {}: {}", host_name(), reason) : reason,
                     hint);
}

int run(int count, char** words) {
    const program_options options = read_options({words + 1, words + count});
    if (options.ranks != 0) {
        throw load::failure(load::failure::kind::usage, "--ranks is for ranks on this machine",
                            "mpirun -np N+1 makes N loading ranks");
    }
    // Before MPI_Init: a process that has the transport's threads and memory had better not fork.
    std::unique_ptr<child_process> generator;
    if (rank_of_this() != "0") {  // which does not load
        generator =
            std::make_unique<child_process>(child_options{{options.generator.string()}, {}, {}});
    }
    mpi_transport others(&count, &words);
    if (others.loaders() == 0) {
        throw load::failure(load::failure::kind::usage, "there is no rank that loads",
                            "start it with mpirun -np 2 or more: rank 0 only coordinates");
    }
    if (others.rank() == 0) {
        generator.reset();
        return run_coordinator(others, options.shards);
    }
    return run_loader(others, *generator);
}

}  // namespace

int main(int count, char** words) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_TIMERSLACK, 1);
    try {
        return run(count, words);
    } catch (const load::failure& error) {
        return say_error_of_rank(error.exit_status(), error.what(), error.hint());
    } catch (const std::exception& error) {
        return say_error_of_rank(1, error.what(), "");
    }
}
