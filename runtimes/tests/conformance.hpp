#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>
#include <type_traits>

#include "runtimes/main/program.hpp"
#include "runtimes/tests/client.hpp"
#include "selected_runtime.hpp"
#include "workloads/all.hpp"

/// The suite that every C++ runtime passes: compiled once for each, against the same server that
/// its program runs. Nothing here asserts a speed; waiting times have bounds that a busy machine
/// keeps too.
namespace regatta::testing {

using namespace std::chrono_literals;

/// What a busy machine may add to any waiting time.
inline constexpr std::chrono::seconds margin{15};

template <class Workload, class... All>
constexpr bool is_among(workload_list<All...>) {
    return (std::is_same_v<Workload, All> || ...);
}
template <class Workload>
inline constexpr bool is_in_tree = is_among<Workload>(all_workloads{});

/// The runtime's settings under test: its defaults, or what the variable REGATTA_TEST_SETTINGS says
/// ("sqpoll=on buffers=2"), so that the suite can be run for each of the runtime's parameters.
inline std::vector<std::pair<std::string, std::string>> settings_under_test() {
    std::vector<std::pair<std::string, std::string>> settings;
    const char* const words = std::getenv("REGATTA_TEST_SETTINGS");
    std::istringstream text(words == nullptr ? "" : words);
    for (std::string word; text >> word;) {
        const std::size_t equals = word.find('=');
        settings.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    }
    return settings;
}

/// The sessions of `Workload`: the program's own, or of a workload that only a test has.
template <class Workload>
session_source_maker<selected_runtime> sessions_under_test() {
    if constexpr (is_in_tree<Workload>) {
        return find_in_catalog<selected_runtime>(Workload::name)->sessions;
    } else {
        return sessions_of<Workload, selected_runtime>;
    }
}

/// The same of a job.
template <class Workload>
job_source_maker<selected_runtime> job_under_test() {
    if constexpr (is_in_tree<Workload>) {
        return find_in_catalog<selected_runtime>(Workload::name)->job;
    } else {
        return job_of<Workload, selected_runtime>;
    }
}

/// A server of `Workload` on the selected runtime, inside this process.
template <class Workload>
class running_server {
public:
    /// `values` in the order in which the workload declares its parameters; the rest as declared.
    /// `backend_port`: of a backend that the test brings along.
    explicit running_server(std::initializer_list<std::int64_t> values = {},
                            std::size_t workers = 1, std::uint16_t backend_port = 0)
        : listening_(listen_on("127.0.0.1", 0, workers)) {
        apply_settings(settings_under_test(), Workload::parameters, values_,
                       selected_runtime::about().parameters, settings_);
        std::copy(values.begin(), values.end(), values_.values.begin());
        values_.backend_port = backend_port;
        serving_.emplace(sessions_under_test<Workload>(), settings_, values_, listening_);
    }

    client connect(int receive_buffer_bytes = 0) const {
        return client(listening_.port, receive_buffer_bytes);
    }
    std::uint16_t port() const { return listening_.port; }
    const params& values() const { return values_; }
    const runtime_settings& settings() const { return settings_; }
    const runtime_settings& configuration() const { return serving_->configuration(); }

    /// Stops the server and closes its listening sockets; gives what it counted.
    counters stop() {
        serving_->stop();
        listening_.sockets.clear();
        return serving_->totals();
    }

private:
    listeners listening_;
    params values_;
    runtime_settings settings_;
    std::optional<server<selected_runtime>> serving_;
};

/// Base of all suites: skips them where the machine cannot run the runtime.
class conformance : public ::testing::Test {
protected:
    void SetUp() override {
        if (const auto obstacle = selected_runtime::unavailable()) {
            GTEST_SKIP() << *obstacle;
        }
        raise_descriptor_limit();
    }
};

/// Whether the runtime waits at all; the reference runtime answers at once.
inline bool is_reference() {
    return selected_runtime::about().is_reference_only;
}

inline std::size_t entries(const char* directory) {
    using iterator = std::filesystem::directory_iterator;
    return static_cast<std::size_t>(std::distance(iterator(directory), iterator()));
}
inline std::size_t open_descriptors() {
    return entries("/proc/self/fd");
}
inline std::size_t threads() {
    return entries("/proc/self/task");
}

/// Waits until `condition()` holds; false when it does not within `margin`.
template <class Condition>
bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + margin;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

}  // namespace regatta::testing
