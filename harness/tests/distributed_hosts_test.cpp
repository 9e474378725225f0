// The hosts file, and what a launcher says of hosts in trouble.
#include <gtest/gtest.h>

#include "harness/distributed/hosts.hpp"
#include "harness/distributed/shard.hpp"
#include "harness/failure.hpp"
#include "harness/server/launcher_words.hpp"
#include "harness/server/load_ranks.hpp"

namespace regatta::distributed::tests {
namespace {

TEST(hosts_file, has_a_host_a_line) {
    const auto hosts =
        parse_hosts("# who loads\nload1 slots=3\n\n  load2  # one\nlocalhost\n", "f");
    ASSERT_EQ(hosts.size(), 3u);
    EXPECT_EQ(hosts[0].name, "load1");
    EXPECT_EQ(hosts[0].ranks, 3);
    EXPECT_EQ(hosts[1].ranks, 1);
    EXPECT_EQ(rank_count(hosts), 5);
    EXPECT_FALSE(are_all_here(hosts));
    EXPECT_TRUE(are_all_here({{"localhost", 1}, {host_name(), 2}}));
}

TEST(hosts_file, may_name_a_host_more_than_once) {
    using ranks = std::map<std::string, std::int64_t>;
    EXPECT_EQ(ranks_by_host(parse_hosts("a\nb slots=2\na slots=2\n", "f")),
              (ranks{{"a", 3}, {"b", 2}}));
    EXPECT_EQ(ranks_by_host({{"localhost", 1}, {host_name(), 2}, {"b", 2}}),
              (ranks{{host_name(), 3}, {"b", 2}}));
}

std::string refusal_of(const std::string& text) {
    try {
        parse_hosts(text, "hosts");
    } catch (const failure& why) {
        EXPECT_EQ(why.exit_status(), 2);
        return why.what();
    }
    return "accepted";
}

TEST(hosts_file, is_refused_with_the_line) {
    EXPECT_NE(refusal_of("load1\nload2 slots=0").find("hosts:2: 'load2 slots=0'"),
              std::string::npos);
    EXPECT_NE(refusal_of("load1 slots=2x").find("hosts:1:"), std::string::npos);
    EXPECT_NE(refusal_of("load1 cpus=2").find("NAME slots=N"), std::string::npos);
    EXPECT_NE(refusal_of("load1 slots=2 more").find("hosts:1:"), std::string::npos);
    for (const char* const name :
         {"a,b", "-oProxyCommand=id", "--mca", "host:22", "slots=2", "\x01"}) {
        EXPECT_NE(refusal_of(name).find("hosts:1: this begins with no name of a host"),
                  std::string::npos)
            << name;
    }
    EXPECT_EQ(refusal_of("me@load_1.example.com slots=2"), "accepted");
    EXPECT_NE(refusal_of("# nobody\n").find("names no host"), std::string::npos);
    EXPECT_NE(refusal_of("a slots=999\nb slots=999").find("at most"), std::string::npos);
}

TEST(command_of_ranks, has_a_last_bound_where_a_launcher_starts_them) {
    load_ranks ranks;
    ranks.count = 2;
    ranks.shards = "kept";
    using words = std::vector<std::string>;
    EXPECT_EQ(ranks_command(ranks, "/bin/load", std::chrono::seconds(7)),
              (words{"/bin/load", "--ranks", "2", "--shards", "kept"}));
    ranks.launcher = {"mpirun", "-np", "3"};
    EXPECT_EQ(ranks_command(ranks, "/bin/load", std::chrono::seconds(7)),
              (words{"mpirun", "-np", "3", "--timeout", "7", "/bin/load-mpi", "--shards", "kept"}));
}

TEST(launcher_words_on_errors, name_the_node_and_leave_the_frame_out) {
    EXPECT_EQ(
        launcher_words("-----\nmpirun noticed that process rank 2 with PID 7 on node h2 exited "
                       "on signal 9 (Killed).\n-----\n"),
        "mpirun noticed that process rank 2 with PID 7 on node h2 exited on signal 9 (Killed).");
    EXPECT_EQ(
        launcher_words("lost communication\n\n  HNP daemon   : [[1,0],0] on node h0\n  Remote "
                       "daemon: [[1,0],2] on node h2\n\nadvice\n"),
        "lost: Remote daemon: [[1,0],2] on node h2");
    EXPECT_EQ(launcher_words("one\nthe last words\n\n"), "the last words");
    EXPECT_EQ(launcher_words(""), "");
}

TEST(launcher_words_on_errors, prefer_ssh_and_shells_to_what_open_mpi_guesses) {
    const std::string edge(74, '-');
    const std::string unstarted =
        edge + "\nORTE was unable to reliably start one or more daemons.\n" +
        "This usually is caused by:\n" + edge + "\n" + edge +
        "\nin your environment. We apologize for the problem.\n" + edge + "\n";
    const auto advice = "Open MPI could not start on a host";
    EXPECT_TRUE(launcher_words("ssh: Could not resolve hostname h9: no\r\n" + unstarted)
                    .starts_with("ssh: Could not resolve hostname h9: no; Open MPI"));
    EXPECT_TRUE(launcher_words("Host key verification failed.\n" + unstarted)
                    .starts_with(std::string("Host key verification failed.; ") + advice));
    EXPECT_TRUE(
        launcher_words(unstarted + "root@h2: Permission denied (publickey).\nWarning: added\n")
            .starts_with("root@h2: Permission denied (publickey).; "));
    EXPECT_TRUE(launcher_words(unstarted).starts_with(advice));
    EXPECT_EQ(launcher_words(edge +
                             "\nmpirun was unable to launch\n\nExecutable: /opt/load\n"
                             "Node: h2\n\nwhile attempting to start process rank 2.\n" +
                             edge + "\n"),
              "h2 cannot start /opt/load: is it there?");
    EXPECT_EQ(launcher_words(edge +
                             "\nThe specified hostfile contained a node (n3) that is not in your\n"
                             "allocation. We therefore cannot map a process rank to it.\n" +
                             edge),
              "n3 is not in the resource manager's allocation");
    EXPECT_EQ(launcher_words("- the last words -\n" + edge + "\nPrimary job terminated\n" + edge),
              "the last words -");
}

}  // namespace
}  // namespace regatta::distributed::tests
