#pragma once

#include <mpi.h>

#include <deque>
#include <list>

#include "harness/distributed/transport.hpp"

namespace regatta::distributed {

/// Ranks as processes of Open MPI, on as many hosts as mpirun started them on. Only calls that
/// return at once are made (MPI_Isend, MPI_Improbe), from the one thread that has made this: a
/// rank that is stopped, or a link that is cut, stops nobody else.
///
/// Should such a call not return all the same, SIGALRM ends the process, with what it started, and
/// mpirun the others.
///
/// Who is gone is found out by Open MPI, which then ends the whole job and says on which node, or
/// by silence (roster).
class mpi_transport final : public transport {
public:
    mpi_transport(int* count, char*** words);
    /// Waits for the others, who must be about to end as well; not after abandon().
    ~mpi_transport() override;

    std::string_view name() const override { return "mpi"; }
    unsigned rank() const override { return rank_; }
    unsigned loaders() const override { return loaders_; }
    void send(unsigned to, const nlohmann::json& body) override;
    std::optional<message> receive() override;
    std::optional<departure> next_departure() override { return std::nullopt; }
    [[noreturn]] void abandon(int exit_status) override;

private:
    struct outgoing {
        std::string text;
        MPI_Request request;
    };
    void finish_sends();
    void keep_alive();  // puts the alarm off

    unsigned rank_ = 0;
    unsigned loaders_ = 0;
    std::list<outgoing> sends_;
    std::uint64_t armed_ns_ = 0;
};

}  // namespace regatta::distributed
