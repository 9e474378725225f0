#include "harness/distributed/mpi_transport.hpp"

#include <unistd.h>

#include <algorithm>

#include "harness/load/clock.hpp"

namespace regatta::distributed {
namespace {

constexpr int message_tag = 1;
// Of a call that waits for others: SIGALRM ends the process then, and with it what it started.
constexpr unsigned last_resort_s = 5;
// Of MPI_Init, which returns when all ranks are there; as long as whoever started them waits.
constexpr unsigned start_s = 30;
// Of any other call: every rank comes by at least once a second.
constexpr unsigned hang_s = 15;

}  // namespace

mpi_transport::mpi_transport(int* count, char*** words) {
    ::alarm(start_s);
    MPI_Init(count, words);
    int rank = 0;
    int size = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    rank_ = static_cast<unsigned>(rank);
    loaders_ = static_cast<unsigned>(size - 1);
    keep_alive();
}

mpi_transport::~mpi_transport() {
    ::alarm(last_resort_s);
    while (!sends_.empty()) {
        finish_sends();
        ::usleep(1000);
    }
    MPI_Finalize();
}

void mpi_transport::send(unsigned to, const nlohmann::json& body) {
    finish_sends();
    outgoing& fresh = sends_.emplace_back(outgoing{body.dump(), MPI_REQUEST_NULL});
    MPI_Isend(fresh.text.data(), static_cast<int>(fresh.text.size()), MPI_CHAR,
              static_cast<int>(to), message_tag, MPI_COMM_WORLD, &fresh.request);
}

std::optional<message> mpi_transport::receive() {
    keep_alive();
    finish_sends();
    int has_come = 0;
    MPI_Message arrived;
    MPI_Status status;
    MPI_Improbe(MPI_ANY_SOURCE, message_tag, MPI_COMM_WORLD, &has_come, &arrived, &status);
    if (has_come == 0) {
        return std::nullopt;
    }
    int length = 0;
    MPI_Get_count(&status, MPI_CHAR, &length);
    std::string text(static_cast<std::size_t>(length), '\0');
    MPI_Mrecv(text.data(), length, MPI_CHAR, &arrived, &status);
    return message{static_cast<unsigned>(status.MPI_SOURCE), nlohmann::json::parse(text)};
}

void mpi_transport::abandon(int exit_status) {
    // The last words are on their way through mpirun, which drops them when it ends first.
    constexpr unsigned moment_us = 300'000;
    ::usleep(moment_us);
    ::alarm(last_resort_s);
    MPI_Abort(MPI_COMM_WORLD, exit_status);
    ::_exit(exit_status);
}

void mpi_transport::keep_alive() {
    constexpr std::uint64_t interval_ns = 1'000'000'000;
    if (const std::uint64_t now = load::now_ns(); now - armed_ns_ >= interval_ns) {
        armed_ns_ = now;
        ::alarm(hang_s);
    }
}

void mpi_transport::finish_sends() {
    // Those to a rank that is gone never end: the others must not queue behind them.
    std::erase_if(sends_, [](outgoing& each) {
        int is_done = 0;
        MPI_Test(&each.request, &is_done, MPI_STATUS_IGNORE);
        return is_done != 0;
    });
}

}  // namespace regatta::distributed
