#include "harness/load/plan.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/load/failure.hpp"
#include "harness/load/protocol.hpp"
#include "harness/tests/load_time.hpp"
#include "workloads/echo.hpp"

namespace regatta::load::tests {
namespace {

using nlohmann::json;

json least() {
    return {{"workload", "echo"}, {"port", 4242}, {"connections", 50}, {"measure_ns", 1000}};
}

json with(const std::string& field, const json& value) {
    json plan = least();
    plan[field] = value;
    return plan;
}

json open_with(const std::string& field, const json& value) {
    json plan = with(field, value);
    plan["mode"] = "open";
    return plan;
}

TEST(load_plan, takes_the_arrivals_of_an_open_loop) {
    const load_plan plain = parse_plan(open_with("rate_per_s", 1500.5).dump());
    EXPECT_EQ(plain.arrivals, "poisson");
    ASSERT_EQ(plain.steps.size(), 1u);
    EXPECT_EQ(plain.steps[0].rate_per_s, 1500.5);

    json stepped = open_with("steps", {{{"duration_ns", second}, {"rate_per_s", 10}},
                                       {{"duration_ns", 2 * second}, {"rate_per_s", 0}}});
    stepped["arrivals"] = "constant";
    stepped["spin_ns"] = 60'000;
    const load_plan plan = parse_plan(stepped.dump());
    EXPECT_EQ(plan.arrivals, "constant");
    EXPECT_EQ(plan.spin_ns, 60'000u);
    ASSERT_EQ(plan.steps.size(), 2u);
    EXPECT_EQ(plan.steps[1].duration_ns, 2 * second);
    EXPECT_EQ(plan.steps[1].rate_per_s, 0);
}

TEST(load_plan, takes_every_field) {
    const load_plan plan = parse_plan(
        R"({"workload":"echo","params":{"size":100},"rounds_per_us":412,"address":"::1",)"
        R"("port":4242,"connections":50,"depth":2,"mode":"closed","engine":"epoll",)"
        R"("warmup_ns":300,"measure_ns":1000,"drain_ns":2000,"connect_ns":5000,)"
        R"("interval_ns":100,"cpus":[1,3],"server_pid":123,"seed":7,"unknown":true})");
    EXPECT_EQ(plan.workload, "echo");
    EXPECT_EQ(plan.values[workloads::echo::size], 100);
    EXPECT_EQ(plan.values.rounds_per_us, 412);
    EXPECT_EQ(plan.address, "::1");
    EXPECT_EQ(plan.port, 4242);
    EXPECT_EQ(plan.connections, 50u);
    EXPECT_EQ(plan.depth, 2u);
    EXPECT_EQ(plan.engine, "epoll");
    EXPECT_EQ(plan.warmup_ns, 300u);
    EXPECT_EQ(plan.measure_ns, 1000u);
    EXPECT_EQ(plan.drain_ns, 2000u);
    EXPECT_EQ(plan.connect_ns, 5000u);
    EXPECT_EQ(plan.interval_ns, 100u);
    EXPECT_EQ(plan.cpus, (std::vector<int>{1, 3}));
    EXPECT_EQ(plan.server_pid, 123);
    EXPECT_EQ(plan.seed, 7u);
}

TEST(load_plan, has_defaults_for_what_is_missing_or_null) {
    json given = least();
    given["server_pid"] = nullptr;
    given["cpus"] = nullptr;
    const load_plan plan = parse_plan(given.dump());
    EXPECT_EQ(plan.values[workloads::echo::size], workloads::echo::parameters[0].fallback);
    EXPECT_EQ(plan.address, "127.0.0.1");
    EXPECT_EQ(plan.depth, 1u);
    EXPECT_EQ(plan.mode, "closed");
    EXPECT_EQ(plan.engine, "io_uring");
    EXPECT_FALSE(plan.server_pid.has_value());
    EXPECT_TRUE(plan.cpus.empty());
}

TEST(load_plan, refuses_what_is_wrong_and_names_it) {
    const std::pair<json, std::string> wrong[] = {
        {json::array(), "not an object"},
        {json::object(), "workload is missing"},
        {with("workload", "ecco"), "no server workload 'ecco'"},
        {with("workload", "hash"), "no server workload 'hash'"},
        {with("workload", 3), "workload cannot be 3"},
        {with("params", {{"sise", 1}}), "echo has no parameter 'sise'"},
        {with("params", {{"size", 0}}), "size cannot be 0"},
        {with("params", {{"size", 1.5}}), "size cannot be 1.5"},
        {with("params", {{"size", ~std::uint64_t{0}}}), "size cannot be 18446744073709551615"},
        {with("params", 1), "params cannot be 1"},
        {with("port", 65536), "port cannot be 65536"},
        {with("port", "4242"), "port cannot be \"4242\""},
        {with("connections", 0), "connections cannot be 0"},
        {with("connections", -1), "connections cannot be -1"},
        {with("depth", 0), "depth cannot be 0"},
        {with("mode", "half-open"), "mode cannot be \"half-open\""},
        {with("engine", "kqueue"), "engine cannot be \"kqueue\""},
        {with("measure_ns", 0), "measure_ns cannot be 0"},
        {with("interval_ns", 0), "interval_ns cannot be 0"},
        {with("mode", "open"), "rate_per_s is missing"},
        {open_with("rate_per_s", 0), "rate_per_s cannot be 0"},
        {open_with("rate_per_s", "fast"), "rate_per_s cannot be \"fast\""},
        {open_with("steps", 3), "steps cannot be 3"},
        {open_with("steps", json::array()), "steps cannot be []"},
        {open_with("steps", {{{"duration_ns", 0}, {"rate_per_s", 5}}}), "duration_ns cannot be 0"},
        {open_with("steps", {{{"duration_ns", second}, {"rate_per_s", 0}}}), "steps cannot be"},
        {with("cpus", {-1}), "cpus cannot be -1"},
        {with("cpus", 1), "cpus cannot be 1"},
        {with("server_pid", 0), "server_pid cannot be 0"},
    };
    for (const auto& [plan, expected] : wrong) {
        try {
            parse_plan(plan.dump());
            ADD_FAILURE() << "accepted " << plan.dump();
        } catch (const failure& error) {
            EXPECT_EQ(error.exit_status(), 2);
            EXPECT_NE(std::string(error.what()).find(expected), std::string::npos) << error.what();
        }
    }
    EXPECT_THROW(parse_plan("{"), failure);
}

TEST(client_protocol, is_the_workload_s_own_exchange) {
    const params values = parse_params("echo", {{"size", 10}}, 1);
    const auto protocol = make_client_protocol("echo", values);
    std::vector<std::byte> request;
    protocol->append_request(5, request);
    ASSERT_EQ(request.size(), 10u);
    EXPECT_EQ(protocol->reply_length(5, bytes_view(request).first(9)), 0u);
    EXPECT_EQ(protocol->reply_length(5, request), 10u);
    EXPECT_TRUE(protocol->is_right(5, request));
    EXPECT_FALSE(protocol->is_right(6, request));
}

}  // namespace
}  // namespace regatta::load::tests
