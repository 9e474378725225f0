#include "harness/micro/shared/echo_server.hpp"

#include <csignal>

namespace regatta::micro {
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

std::int64_t cpu_ns(const rusage& usage) {
    const auto ns = [](const timeval& time) {
        return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_usec * 1000;
    };
    return ns(usage.ru_utime) + ns(usage.ru_stime);
}

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

nlohmann::json echo_server::done() const {
    return await_event(voice_, "done", clock_type::now());
}

}  // namespace regatta::micro
