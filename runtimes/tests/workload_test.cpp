// Every server workload of the tree on this runtime: its exchange against its session.
#include "runtimes/tests/conformance.hpp"

namespace regatta::testing {
namespace {

class each_workload : public conformance {};

/// The backend of a workload, or nothing, on the runtime under test.
template <class Workload>
struct backend_for_test {
    std::uint16_t port() const { return 0; }
};
template <has_backend Workload>
struct backend_for_test<Workload> {
    running_server<typename Workload::backend> server;
    std::uint16_t port() const { return server.port(); }
};

/// Sends `requests` at once on each of `connections` and checks every reply; then the counters.
template <class Workload>
void converse(std::uint64_t connections, std::uint64_t requests) {
    const backend_for_test<Workload> backend;
    running_server<Workload> server({}, 1, backend.port());
    const load_shape shape = load_shape_of<Workload>(server.values());
    if (shape.requests_per_connection != 0) {
        requests = std::min(requests, shape.requests_per_connection);
    }
    if (shape.is_broadcast) {
        connections = 1;
    }
    const typename Workload::exchange exchange(server.values());
    std::vector<std::byte> request;
    for (std::uint64_t i = 0; i < requests; ++i) {
        exchange.append_request(i, request);
    }
    std::uint64_t reply_bytes = 0;
    {
        std::vector<client> peers;
        for (std::uint64_t i = 0; i < connections; ++i) {
            peers.push_back(server.connect());
            peers.back().send(request);
        }
        for (client& peer : peers) {
            std::vector<std::byte> held;
            for (std::uint64_t i = 0; i < requests; ++i) {
                std::size_t length;
                while ((length = exchange.reply_length(i, held)) == 0) {
                    held.push_back(peer.receive(1).front());
                }
                ASSERT_TRUE(exchange.is_right(i, bytes_view(held).first(length))) << "reply " << i;
                reply_bytes += length;
                held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(length));
            }
        }
    }
    const counters counts = server.stop();
    EXPECT_EQ(counts.accepted, connections);
    EXPECT_EQ(counts.requests, connections * requests);
    EXPECT_EQ(counts.bytes_received, connections * request.size());
    EXPECT_EQ(counts.bytes_sent, reply_bytes);
    EXPECT_EQ(counts.errors, 0u);
}

TEST_F(each_workload, answers_rightly_and_counts_exactly) {
    for_each_workload(all_workloads{}, []<class Workload>() {
        if constexpr (Workload::kind == workload_kind::server) {
            if (find_in_catalog<selected_runtime>(Workload::name)->is_supported()) {
                SCOPED_TRACE(Workload::name);
                converse<Workload>(3, 20);
            }
        }
    });
}

TEST_F(each_workload, has_a_session_or_a_job_or_a_reason) {
    const nlohmann::json described = describe<selected_runtime>().at("workloads");
    for_each_workload(all_workloads{}, [&]<class Workload>() {
        const auto& entry = described.at(std::string(Workload::name));
        EXPECT_EQ(entry.at("supported").template get<bool>(), entry.at("reason").is_null());
    });
}

TEST_F(each_workload, parameters_have_names_of_their_own_and_valid_defaults) {
    const runtime_info info = selected_runtime::about();
    for_each_workload(all_workloads{}, [&]<class Workload>() {
        std::vector<std::string_view> names;
        for (const auto list :
             {std::span<const parameter>(Workload::parameters), info.parameters}) {
            for (const parameter& declared : list) {
                EXPECT_LE(declared.minimum, declared.fallback) << declared.name;
                EXPECT_LE(declared.fallback, declared.maximum) << declared.name;
                EXPECT_EQ(std::ranges::count(names, declared.name), 0) << declared.name;
                names.push_back(declared.name);
            }
        }
        EXPECT_LE(std::size(Workload::parameters), params::capacity);
    });
}

TEST_F(each_workload, runs_with_the_settings_that_were_asked_for) {
    running_server<workloads::echo> server;
    EXPECT_EQ(server.configuration(), server.settings());
}

}  // namespace
}  // namespace regatta::testing
