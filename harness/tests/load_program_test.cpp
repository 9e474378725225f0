#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/measure/histogram_json.hpp"
#include "harness/tests/load_fake_server.hpp"

namespace regatta::load::tests {
namespace {

using nlohmann::json;

// The program with its standard streams in the test's hands.
class program {
public:
    // `is_grandchild`: started by a process between, which can be killed.
    explicit program(bool is_grandchild = false) {
        int in[2];
        int out[2];
        if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
            throw std::runtime_error("pipe2");
        }
        const auto path =
            std::filesystem::read_symlink("/proc/self/exe").parent_path() / ".." / "regatta-load";
        child_ = fork();
        if (child_ == 0) {
            if (is_grandchild && fork() != 0) {
                pause();
            }
            dup2(in[0], STDIN_FILENO);
            dup2(out[1], STDOUT_FILENO);
            execl(path.c_str(), "regatta-load", nullptr);
            _exit(127);
        }
        close(in[0]);
        close(out[1]);
        in_ = in[1];
        out_ = fdopen(out[0], "r");
    }
    program(const program&) = delete;
    program& operator=(const program&) = delete;
    ~program() {
        end_input();
        std::fclose(out_);
        if (child_ > 0) {
            kill_child();
        }
    }

    void say(const std::string& line) {
        const std::string text = line + '\n';
        ASSERT_EQ(write(in_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    void end_input() {
        if (in_ >= 0) {
            close(std::exchange(in_, -1));
        }
    }
    // The next line, or null at the end.
    json hear() {
        std::string line;
        for (int c = std::fgetc(out_); c != EOF && c != '\n'; c = std::fgetc(out_)) {
            line += static_cast<char>(c);
        }
        return line.empty() ? json(nullptr) : json::parse(line);
    }
    std::string hear_event() {
        const json line = hear();
        return line.is_null() ? "" : line.at("event").get<std::string>();
    }
    int exit_status() {
        int status = 0;
        waitpid(std::exchange(child_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    void kill_child() {
        kill(child_, SIGKILL);
        waitpid(std::exchange(child_, -1), nullptr, 0);
    }

private:
    pid_t child_;
    int in_;
    FILE* out_;
};

std::string plan_for(std::uint16_t port) {
    return json({{"workload", "echo"},
                 {"port", port},
                 {"connections", 3},
                 {"warmup_ns", 1'000'000},
                 {"measure_ns", 20'000'000}})
        .dump();
}

TEST(load_program, leads_a_load_from_plan_to_result) {
    fake_server server(echo);
    program load;
    load.say(plan_for(server.port()));
    EXPECT_EQ(load.hear(), json({{"event", "connected"}, {"connections", 3}}));
    load.say("go");
    EXPECT_EQ(load.hear_event(), "measuring");
    EXPECT_EQ(load.hear_event(), "measured");
    load.say("finish");
    const json result = load.hear();
    EXPECT_EQ(result.at("event"), "result");
    EXPECT_EQ(result.at("client").at("connections"), 3);
    EXPECT_EQ(histogram_from_json(result.at("latency")).count(), result.at("replies_measured"));
    EXPECT_TRUE(load.hear().is_null());
    EXPECT_EQ(load.exit_status(), 0);
}

TEST(load_program, refuses_a_wrong_plan) {
    program load;
    load.say(R"({"workload":"ecco","port":1,"connections":1,"measure_ns":1})");
    const json line = load.hear();
    EXPECT_EQ(line.at("event"), "error");
    EXPECT_EQ(line.at("reason"), "there is no server workload 'ecco'");
    EXPECT_NE(line.at("hint").get<std::string>().find("echo"), std::string::npos);
    EXPECT_EQ(load.exit_status(), 2);
}

TEST(load_program, asks_for_a_plan) {
    program load;
    load.end_input();
    EXPECT_EQ(load.hear_event(), "error");
    EXPECT_EQ(load.exit_status(), 2);
}

TEST(load_program, says_that_it_cannot_run_on_a_cpu) {
    program load;
    load.say(R"({"workload":"echo","port":1,"connections":1,"measure_ns":1,"cpus":[1023]})");
    EXPECT_EQ(load.hear_event(), "error");
    EXPECT_EQ(load.exit_status(), 3);
}

TEST(load_program, says_that_nobody_listens) {
    std::uint16_t port = 0;
    {
        const fake_server gone(echo);
        port = gone.port();
    }
    program load;
    load.say(plan_for(port));
    EXPECT_EQ(load.hear_event(), "error");
    EXPECT_EQ(load.exit_status(), 1);
}

TEST(load_program, gives_up_when_its_input_ends) {
    for (const bool has_begun : {false, true}) {
        fake_server server(echo);
        program load;
        load.say(plan_for(server.port()));
        EXPECT_EQ(load.hear_event(), "connected");
        if (has_begun) {
            load.say("go");
            EXPECT_EQ(load.hear_event(), "measuring");
            EXPECT_EQ(load.hear_event(), "measured");
        }
        load.end_input();
        EXPECT_TRUE(load.hear().is_null());
        EXPECT_EQ(load.exit_status(), 1);
    }
}

TEST(load_program, refuses_another_word) {
    fake_server server(echo);
    program load;
    load.say(plan_for(server.port()));
    EXPECT_EQ(load.hear_event(), "connected");
    load.say("stop");
    EXPECT_EQ(load.hear_event(), "error");
    EXPECT_EQ(load.exit_status(), 2);
}

TEST(load_program, dies_with_whoever_started_it) {
    fake_server server(echo);
    program load(true);
    load.say(plan_for(server.port()));
    EXPECT_EQ(load.hear_event(), "connected");
    load.kill_child();
    // Its input is still open: only its death can end its output.
    EXPECT_TRUE(load.hear().is_null());
}

}  // namespace
}  // namespace regatta::load::tests
