// Every job of the tree on this runtime: its answer, and its tasks, counted while they live.
#include "runtimes/tests/conformance.hpp"

namespace regatta::testing {
namespace {

class each_job : public conformance, public ::testing::WithParamInterface<unsigned> {
protected:
    /// The defaults, but for what a test changes.
    template <class Workload>
    void prepare() {
        apply_settings(settings_under_test(), Workload::parameters, values_,
                       selected_runtime::about().parameters, settings_);
    }
    template <class Workload>
    void expect_right_answers() {
        job_crew<selected_runtime> crew(job_under_test<Workload>(), GetParam(), settings_, values_);
        const job_source<selected_runtime>& job = crew.job();
        EXPECT_EQ(crew.configuration(), settings_);
        for (int i = 0; i < 2; ++i) {
            crew.run();
            EXPECT_EQ(job.answer(), Workload::expected_answer(values_));
            EXPECT_GT(job.units(), 0u);
            if constexpr (requires { Workload::expected_units(values_); }) {
                const unit_count wanted = Workload::expected_units(values_);
                const unsigned times = is_split<Workload> ? 1 : GetParam();
                EXPECT_EQ(job.counted()->created, wanted.created * times);
                EXPECT_GE(job.counted()->live_peak, wanted.live_peak * times);
            }
        }
    }
    template <class Workload>
    void expect_right_answers_with(std::initializer_list<std::int64_t> first_values) {
        if (job_under_test<Workload>() != nullptr) {
            prepare<Workload>();
            std::copy(first_values.begin(), first_values.end(), values_.values.begin());
            expect_right_answers<Workload>();
        }
    }
    params values_;
    runtime_settings settings_;
};

TEST_P(each_job, gives_the_right_answer_again_and_again) {
    for_each_workload(all_workloads{}, [&]<class Workload>() {
        if constexpr (Workload::kind == workload_kind::job) {
            SCOPED_TRACE(Workload::name);
            expect_right_answers_with<Workload>({});
        }
    });
}

TEST_P(each_job, smallest_values_are_right_too) {
    using namespace workloads;
    expect_right_answers_with<spawn_join>({1, spawn_join::held});
    expect_right_answers_with<skynet>({1});
    expect_right_answers_with<fib>({1, 2});
    expect_right_answers_with<nqueens>({2});
    expect_right_answers_with<matmul>({1, 16});
    expect_right_answers_with<matmul>({7, 3});
    expect_right_answers_with<workloads::channel>({0, 1, 1, 1});
    expect_right_answers_with<cancel>({1});
    expect_right_answers_with<sleepers>({0, sleepers::none});
    expect_right_answers_with<sleepers>({1, sleepers::live_1k});
}

TEST_P(each_job, other_shapes_are_right_too) {
    using namespace workloads;
    expect_right_answers_with<spawn_join>({100, spawn_join::brief});
    expect_right_answers_with<context_switch>({20, 10, context_switch::brigade});
    expect_right_answers_with<context_switch>({20, 10, context_switch::ring});
    expect_right_answers_with<workloads::channel>({1, 4, 1, 100});
    expect_right_answers_with<workloads::channel>({16, 1, 4, 100});
    expect_right_answers_with<workloads::mutex>({8, 50, workloads::mutex::across_yield});
    expect_right_answers_with<timers>({50, 3, 1000, timers::cancel});
    expect_right_answers_with<depth>({512, 2});
    expect_right_answers_with<offload>({4, 10, 2000});
    expect_right_answers_with<sleepers>({100, sleepers::live_1k});
}

INSTANTIATE_TEST_SUITE_P(workers, each_job, ::testing::Values(1, 2));

}  // namespace
}  // namespace regatta::testing
