// The arithmetic of many connections: ports, descriptors, memory.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include <gtest/gtest.h>

#include "harness/load/failure.hpp"
#include "harness/load/source_addresses.hpp"
#include "harness/measure/connection_budget.hpp"

namespace regatta::tests {
namespace {

constexpr local_port_range usual{32'768, 60'999, 0};

TEST(local_port_arithmetic, counts_what_is_reserved) {
    EXPECT_EQ(usual.count(), 28'232u);
    EXPECT_EQ(reserved_in("", 32'768, 60'999), 0u);
    EXPECT_EQ(reserved_in("8080,40000", 32'768, 60'999), 1u);
    EXPECT_EQ(reserved_in("32000-32770,60999-61010", 32'768, 60'999), 4u);
    EXPECT_EQ((local_port_range{1'000, 1'999, 10}.count()), 990u);
    EXPECT_GT(local_ports().count(), 0u);
}

TEST(local_port_arithmetic, refuses_one_more_than_there_are) {
    EXPECT_FALSE(port_obstacle({28'232, 1, 1}, usual));
    const auto obstacle = port_obstacle({28'233, 1, 1}, usual);
    ASSERT_TRUE(obstacle);
    EXPECT_NE(
        obstacle->find("28233 connections to one port need 2 source addresses: each has 28232 "
                       "local ports"),
        std::string::npos)
        << *obstacle;
    EXPECT_NE(obstacle->find("1 address makes 28232"), std::string::npos) << *obstacle;
    EXPECT_FALSE(port_obstacle({10'000'000, 0, 1}, usual));  // loopback has as many as it needs
    EXPECT_FALSE(port_obstacle({112'928, 2, 2}, usual));
    const auto of_hosts = port_obstacle({112'929, 2, 2}, usual);
    ASSERT_TRUE(of_hosts);
    EXPECT_NE(of_hosts->find("need 3 source addresses on each host"), std::string::npos);
    EXPECT_FALSE(port_obstacle({37'600, 1, 2, 28'200}, usual));
    const auto uneven = port_obstacle({40'000, 1, 2, 30'000}, usual);
    ASSERT_TRUE(uneven);
    EXPECT_NE(uneven->find("2 hosts x 1 address make 56464, of which one host is to have 30000"),
              std::string::npos)
        << *uneven;
}

std::map<std::string, finding> rows_of(const connection_demand& demand,
                                       const connection_limits& limits) {
    std::map<std::string, finding> rows;
    for (const finding& each : check_connections(demand, limits)) {
        rows[each.subject] = each;
    }
    return rows;
}

TEST(connection_rows, say_what_limits_and_how_many_ranks_it_takes) {
    connection_limits limits;
    limits.ports = usual;
    limits.open_files_hard = 20'000;
    limits.open_files_max = 1'000'000;
    limits.conntrack_max = 50'000;
    limits.memory_available_bytes = 512u << 20;
    auto rows = rows_of({100'000, 0, 1, 1, true}, limits);
    EXPECT_EQ(rows.at("source ports").severity, finding::grade::ok);
    EXPECT_NE(rows.at("source ports").value.find("127.0.0.0/8: 4,"), std::string::npos);
    EXPECT_EQ(rows.at("descriptors of the server").severity, finding::grade::problem);
    EXPECT_EQ(rows.at("descriptors of a generator").severity, finding::grade::impossible);
    EXPECT_NE(rows.at("descriptors of a generator").advice.find("--ranks 6"), std::string::npos);
    const auto of_hosts = rows_of({100'000, 4, 2, 3, false}, limits);
    EXPECT_NE(of_hosts.at("descriptors of a generator").advice.find("slots=N for 6 generators"),
              std::string::npos);
    EXPECT_EQ(rows.at("connections that the firewall follows").severity,
              finding::grade::impossible);
    EXPECT_EQ(rows.at("memory for connections").severity, finding::grade::impossible);

    limits.open_files_hard = 200'000;
    limits.conntrack_max.reset();
    limits.memory_available_bytes = 4ull << 30;
    rows = rows_of({100'000, 0, 1, 6, true}, limits);
    EXPECT_EQ(rows.count("connections that the firewall follows"), 0u);
    EXPECT_TRUE(std::all_of(rows.begin(), rows.end(), [](const auto& row) {
        return row.second.severity == finding::grade::ok && row.second.advice.empty();
    }));
}

std::string source_of(const load::source_addresses& sources, std::uint64_t global) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(sources.bind_source(fd, global), 0);
    load::endpoint bound;
    bound.length = sizeof bound.address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound.address), &bound.length);
    ::close(fd);
    return load::to_string(bound);
}

TEST(source_addresses, are_the_systems_until_ports_run_short) {
    const auto server = load::parse_endpoint("127.0.0.1", 80);
    const load::source_addresses few(server, 10'000);
    EXPECT_EQ(source_of(few, 9'999), "0.0.0.0");
    const load::source_addresses many(server, 30'000);
    EXPECT_EQ(source_of(many, 9'999), "0.0.0.0");
    EXPECT_EQ(source_of(many, 10'000), "127.0.0.2");
    EXPECT_EQ(source_of(many, 29'999), "127.0.0.3");
}

TEST(source_addresses, take_turns_where_they_are_listed) {
    const auto server = load::parse_endpoint("127.0.0.1", 80);
    const load::source_addresses pair(server, 100, {"127.0.0.5", "127.0.0.9"}, 100);
    EXPECT_EQ(source_of(pair, 0), "127.0.0.5");
    EXPECT_EQ(source_of(pair, 3), "127.0.0.9");
    const load::source_addresses block(server, 100, {"127.0.0.0/8"}, 100);
    EXPECT_EQ(source_of(block, 0), "127.0.0.1");
    EXPECT_EQ(source_of(block, 249), "127.0.0.250");
    EXPECT_EQ(source_of(block, 250), "127.0.0.1");
    const auto small = load::usable_sources(server, {"127.0.1.0/30"}, 100);
    ASSERT_EQ(small.size(), 2u);  // without the block's first and last address
    EXPECT_EQ(load::to_string(small[0]), "127.0.1.1");
}

int refusal_status(const std::vector<std::string>& listed, std::uint64_t connections) {
    try {
        const load::source_addresses sources(load::parse_endpoint("127.0.0.1", 80), connections,
                                             listed, connections);
    } catch (const load::failure& why) {
        return why.exit_status();
    }
    return 0;
}

TEST(source_addresses, are_refused_with_the_reason) {
    EXPECT_EQ(refusal_status({"loopback"}, 1), 2);
    EXPECT_EQ(refusal_status({"127.0.0.0/33"}, 1), 2);
    EXPECT_EQ(refusal_status({"::/64"}, 1), 2);
    EXPECT_EQ(refusal_status({"192.0.2.1"}, 1), 3);  // nobody has it (RFC 5737)
    EXPECT_EQ(refusal_status({"127.0.0.1"}, local_ports().count()), 0);
    EXPECT_EQ(refusal_status({"127.0.0.1"}, local_ports().count() + 1), 3);
}

}  // namespace
}  // namespace regatta::tests
