// Tasks without a network: run() takes a task to its end on the worker.
#include "runtimes/tests/conformance.hpp"

namespace regatta::testing {
namespace {

using workloads::hash;
template <class Value>
using task = selected_runtime::task<Value>;

class jobs : public conformance {
protected:
    void SetUp() override {
        conformance::SetUp();
        apply_settings(settings_under_test(), hash::parameters, values_,
                       selected_runtime::about().parameters, settings_);
    }
    params values_;
    runtime_settings settings_;
};

class hash_on : public jobs, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(hash_on, workers_give_the_right_answer_each_time) {
    values_.values[hash::block_bytes] = 1000;
    values_.values[hash::blocks] = 37;
    job_crew<selected_runtime> crew(job_under_test<hash>(), GetParam(), settings_, values_);
    for (int i = 0; i < 20; ++i) {
        crew.run();
        ASSERT_EQ(crew.job().answer(), hash::expected_answer(values_));
    }
}

INSTANTIATE_TEST_SUITE_P(workers, hash_on, ::testing::Values(1, 2, 4));

task<int> leaf(selected_runtime& worker, int value) {
    co_await worker.yield();
    co_return value;
}

task<void> sum_of_leaves(selected_runtime& worker, int count, int& sum) {
    for (int i = 0; i < count; ++i) {
        const int value = co_await leaf(worker, i);
        sum += value;
    }
}

TEST_F(jobs, tasks_give_their_values_to_whoever_awaits_them) {
    selected_runtime worker(settings_);
    int sum = 0;
    worker.run([&] { return sum_of_leaves(worker, 1000, sum); });
    EXPECT_EQ(sum, 499'500);
}

TEST_F(jobs, worker_runs_one_body_after_the_other) {
    selected_runtime worker(settings_);
    for (int i = 0; i < 100; ++i) {
        int sum = 0;
        worker.run([&] { return sum_of_leaves(worker, 3, sum); });
        ASSERT_EQ(sum, 3);
    }
}

task<int> throwing_leaf(selected_runtime& worker) {
    co_await worker.yield();
    throw std::runtime_error("from a leaf");
}

task<void> catching(selected_runtime& worker, std::string& caught) {
    try {
        (void)co_await throwing_leaf(worker);
    } catch (const std::runtime_error& failure) {
        caught = failure.what();
    }
}

TEST_F(jobs, exception_of_a_task_reaches_whoever_awaits_it) {
    selected_runtime worker(settings_);
    std::string caught;
    worker.run([&] { return catching(worker, caught); });
    EXPECT_EQ(caught, "from a leaf");
}

// Deep enough that a stack frame for each await would overflow an 8 MiB stack.
task<void> many_ready_awaits(selected_runtime& worker, int count, int& done) {
    for (; done < count; ++done) {
        (void)co_await leaf(worker, done);
    }
}

TEST_F(jobs, long_loop_of_awaits_does_not_grow_the_stack) {
    selected_runtime worker(settings_);
    int done = 0;
    worker.run([&] { return many_ready_awaits(worker, 300'000, done); });
    EXPECT_EQ(done, 300'000);
}

TEST_F(jobs, sleep_inside_a_body) {
    if (is_reference()) {
        GTEST_SKIP() << "the reference runtime does not wait";
    }
    selected_runtime worker(settings_);
    const auto start = std::chrono::steady_clock::now();
    const auto body = [](selected_runtime& on) -> task<void> {
        (void)co_await on.sleep_for(30ms);
        (void)co_await on.sleep_for(30ms);
    };
    worker.run([&] { return body(worker); });
    EXPECT_GE(std::chrono::steady_clock::now() - start, 60ms);
}

TEST(job_answers, answer_that_changes_after_the_timed_iterations_is_an_error) {
    int iterations = 0;
    const timed_job job{"", 1, 1, [&] { ++iterations; }, [] {}};
    job_timing timing;
    timing.wall_ns = 600'000'000'000;
    timing.iterations = 600'000'000'000;  // of a nanosecond: a busy machine runs some too
    EXPECT_NO_THROW(check_more_iterations(job, timing, [] { return std::string("7"); }));
    EXPECT_GT(iterations, 0);
    iterations = 0;
    EXPECT_THROW(check_more_iterations(job, timing, [&] { return std::to_string(iterations); }),
                 contract_error);
    EXPECT_EQ(iterations, 1);
    iterations = 0;
    timing.iterations = 1;  // of ten minutes
    check_more_iterations(job, timing, [] { return std::string("7"); });
    EXPECT_EQ(iterations, 0);
}

}  // namespace
}  // namespace regatta::testing
