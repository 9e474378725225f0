#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <iostream>
#include <thread>

#include <gtest/gtest.h>

#include "harness/load/connector.hpp"
#include "harness/load/engine.hpp"
#include "harness/load/failure.hpp"
#include "harness/tests/load_fake_server.hpp"
#include "harness/tests/load_time.hpp"

namespace regatta::load::tests {
namespace {

std::vector<descriptor> open_all(const std::string& address, std::uint16_t port,
                                 std::uint32_t count, std::uint64_t deadline_ns) {
    source_addresses sources(parse_endpoint(address, port), count);
    return connect_all(address, port, {count}, sources, deadline_ns);
}

failure refusal(const std::string& address, std::uint16_t port, std::uint32_t count,
                std::uint64_t deadline_ns) {
    try {
        open_all(address, port, count, deadline_ns);
    } catch (const failure& error) {
        return error;
    }
    ADD_FAILURE() << "connected";
    return {failure::kind::other, ""};
}

TEST(connector, opens_every_connection) {
    fake_server server(read_to_end);
    EXPECT_EQ(open_all("127.0.0.1", server.port(), 300, 10 * second).size(), 300u);
}

TEST(connector, says_that_nobody_listens) {
    std::uint16_t port = 0;
    {
        const fake_server gone(read_to_end);
        port = gone.port();
    }
    const failure error = refusal("127.0.0.1", port, 10, second);
    EXPECT_EQ(error.exit_status(), 1);
    EXPECT_NE(std::string(error.what()).find("Connection refused (0 of 10"), std::string::npos)
        << error.what();
    EXPECT_NE(error.hint(), "");
}

TEST(connector, gives_up_at_its_deadline) {
    const fake_server never_accepts({}, 1);
    const failure error = refusal("127.0.0.1", never_accepts.port(), 200, second / 5);
    EXPECT_EQ(error.exit_status(), 1);
    EXPECT_NE(std::string(error.what()).find("timed out"), std::string::npos) << error.what();
}

TEST(connector, refuses_what_is_no_address) {
    EXPECT_EQ(refusal("localhost.example", 1, 1, second).exit_status(), 2);
}

[[noreturn]] void connect_with_tight_limit() {
    const rlimit tight{80, 80};
    setrlimit(RLIMIT_NOFILE, &tight);
    // Root could raise the hard limit again.
    if (getuid() == 0 && setuid(65534) != 0) {
        std::exit(1);
    }
    const failure error = refusal("127.0.0.1", 1, 200, second);
    std::cerr << error.what() << " / " << error.hint();
    std::exit(error.exit_status());
}

TEST(connector_death, says_how_many_descriptors_are_missing) {
    EXPECT_EXIT(connect_with_tight_limit(), testing::ExitedWithCode(3),
                "200 connections need 264 file descriptors, the limit is 80");
}

// Makes io_uring_setup fail with EPERM on this thread, as a container's policy does.
void forbid_io_uring() {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{std::size(program), program};
    ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

TEST(engine_choice, falls_back_to_epoll_and_says_why) {
    std::thread([] {
        forbid_io_uring();
        const chosen_engine chosen = make_engine("io_uring", {});
        EXPECT_EQ(chosen.engine->name(), "epoll");
        EXPECT_NE(chosen.note.find("Operation not permitted"), std::string::npos) << chosen.note;
    }).join();
    const chosen_engine asked_for = make_engine("epoll", {});
    EXPECT_EQ(asked_for.engine->name(), "epoll");
    EXPECT_EQ(asked_for.note, "");
}

}  // namespace
}  // namespace regatta::load::tests
