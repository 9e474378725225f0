#pragma once

#include <sys/types.h>

#include <deque>
#include <memory>
#include <vector>

#include "harness/distributed/transport.hpp"
#include "harness/load/descriptor.hpp"

namespace regatta::distributed {

/// Ranks as processes of this machine, forked from this one, with a socket between rank 0 and each
/// other. What rank 0 leaves behind at its end dies with it (PR_SET_PDEATHSIG).
class local_transport final : public transport {
public:
    /// Forks `loaders` processes and returns in each of them and in this one, as fork() does:
    /// rank() tells which it is. Called while there is one thread. Throws load::failure.
    static std::unique_ptr<local_transport> start(unsigned loaders);
    /// One end of it on a connected stream socket, for ranks that were started in another way.
    local_transport(unsigned rank, unsigned loaders, unsigned other, load::descriptor socket);
    /// Of rank 0: the others are given a moment to end, then they are killed; none is left.
    ~local_transport() override;

    std::string_view name() const override { return "local"; }
    unsigned rank() const override { return rank_; }
    unsigned loaders() const override { return loaders_; }
    void send(unsigned to, const nlohmann::json& body) override;
    std::optional<message> receive() override;
    std::optional<departure> next_departure() override;
    void abandon(int exit_status) override;

private:
    struct peer {
        unsigned rank;
        load::descriptor socket;
        pid_t child = 0;  // not reaped yet; 0: none of ours
        std::string outgoing;
        std::string incoming;
        bool is_gone = false;  // the stream ended
        bool is_told = false;  // next_departure() has given it
    };

    local_transport(unsigned rank, unsigned loaders) : rank_(rank), loaders_(loaders) {}
    void become_loader(unsigned rank, load::descriptor socket);
    void flush(peer& to);
    void read_available(peer& from);
    peer* find(unsigned rank);

    unsigned rank_;
    unsigned loaders_;
    std::vector<peer> peers_;
    std::deque<message> inbox_;
};

}  // namespace regatta::distributed
