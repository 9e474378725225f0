#include "harness/micro/frame_overhead/echo_server.hpp"

#include <csignal>

namespace regatta::overhead {
namespace {

constexpr std::chrono::seconds patience{30};  // valgrind starts a program in one or two

child_options options(const arm& started, const std::vector<std::string>& wrapper,
                      const std::vector<int>& cpus) {
    child_options made;
    made.command = wrapper;
    made.command.insert(made.command.end(), started.command.begin(), started.command.end());
    made.cpus = cpus;
    return made;
}

}  // namespace

echo_server::echo_server(const arm& started, const std::vector<std::string>& wrapper,
                         const std::vector<int>& cpus)
    : process_(options(started, wrapper, cpus)), voice_{process_, started.name} {
    const nlohmann::json ready = await_event(voice_, "ready", clock_type::now() + patience);
    port_ = ready.at("port").get<std::uint16_t>();
}

std::string echo_server::stop() {
    process_.send_signal(SIGTERM);
    const auto has_ended = [&] { return process_.has_ended(); };
    if (wait_until({&process_}, clock_type::now() + patience, true, has_ended) ==
        wait_result::deadline) {
        throw trial_failure(voice_.name + " did not end after SIGTERM");
    }
    if (!process_.ending().is_success()) {
        throw trial_failure(describe_end(voice_));
    }
    return process_.last_error_line();
}

}  // namespace regatta::overhead
