// The name never lies: a server holds the descriptors of the engine that it names, and no others.
#include <unistd.h>

#include "runtimes/tests/conformance.hpp"

namespace regatta::testing {
namespace {

using workloads::echo;

class engine : public conformance {};

/// How many descriptors this process has of a kind, as /proc/self/fd names it.
std::size_t descriptors_of(std::string_view kind) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;  // the iterator's own descriptor closes
        count += std::filesystem::read_symlink(entry, gone) == kind ? 1 : 0;
    }
    return count;
}

TEST_F(engine, server_holds_what_its_engine_is_made_of_and_nothing_else) {
    const std::string_view named = selected_runtime::about().engine;
    const std::size_t rings_before = descriptors_of("anon_inode:[io_uring]");
    const std::size_t epolls_before = descriptors_of("anon_inode:[eventpoll]");
    running_server<echo> server({64}, 2);
    client peer = server.connect();
    EXPECT_TRUE(peer.exchange(noise(64)) == noise(64));
    const std::size_t rings = named == "io_uring" ? 2 : 0;
    const std::size_t epolls = named == "epoll" ? 2 : 0;
    // A worker may open its engine when it begins to serve, after the server is built.
    EXPECT_TRUE(eventually([&] {
        return descriptors_of("anon_inode:[io_uring]") == rings_before + rings;
    })) << descriptors_of("anon_inode:[io_uring]") - rings_before
        << " rings, not " << rings;
    EXPECT_TRUE(eventually([&] {
        return descriptors_of("anon_inode:[eventpoll]") == epolls_before + epolls;
    })) << descriptors_of("anon_inode:[eventpoll]") - epolls_before
        << " epolls, not " << epolls;
}

}  // namespace
}  // namespace regatta::testing
