#include "harness/load/reconnector.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>

namespace regatta::load {

reconnector::reconnector(const std::string& address, std::uint16_t port,
                         const connection_share& share, const source_addresses* sources)
    : to_(parse_endpoint(address, port)),
      share_(share),
      sources_(sources),
      sockets_(share.size()) {}

void reconnector::prepare() {
    // The first sockets stay open beside the new ones.
    allow_descriptors(std::uint64_t{sockets_.size()} * 2);
}

int reconnector::reopen(connection_id id) {
    sockets_[id] = descriptor();
    descriptor fresh(socket(to_.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fresh) {
        return -errno;
    }
    const int yes = 1;
    setsockopt(fresh.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (sources_ != nullptr) {
        if (const int error = sources_->bind_source(fresh.get(), share_.global(id)); error != 0) {
            return -error;
        }
    }
    if (connect(fresh.get(), to_.raw(), to_.length) != 0 && errno != EINPROGRESS) {
        return -errno;
    }
    sockets_[id] = std::move(fresh);
    return sockets_[id].get();
}

}  // namespace regatta::load
