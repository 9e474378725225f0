// What the workers of a job throw reaches whoever runs it, with one worker and with several.
#include "runtimes/tests/conformance.hpp"

namespace regatta::testing {
namespace {

/// A job whose last worker throws in the iterations that say so.
struct throwing_job {
    static constexpr parameter parameters[] = {{"throws", "", 0, 0, 1, "whether it throws"}};

    struct state {
        state(const params&, unsigned) {}
        void begin() { finished = 0; }
        std::atomic<unsigned> finished{0};
    };

    template <runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        co_await runtime.yield();
        if (values[0] == 1 && which.index + 1 == which.count) {
            throw std::runtime_error("from a job");
        }
        ++shared.finished;
    }
};

unsigned finished(const job_crew<selected_runtime>& crew) {
    using source = job_source_of<throwing_job, selected_runtime>;
    return dynamic_cast<const source&>(crew.job()).state.finished;
}

/// A runtime that cannot be built; the rest of it only has the right types.
class unbuildable_runtime {
public:
    template <class T>
    using task = selected_runtime::task<T>;
    using stream = selected_runtime::stream;

    explicit unbuildable_runtime(const runtime_settings&) {
        throw std::runtime_error("from a constructor");
    }
    static runtime_info about() { return selected_runtime::about(); }
    static std::optional<std::string> unavailable() { return std::nullopt; }
    runtime_settings configuration() const { return {}; }
    std::vector<std::string> notes() const { return {}; }
    void stop() {}
    auto sleep_for(std::chrono::nanoseconds duration) { return never_->sleep_for(duration); }
    auto yield() { return never_->yield(); }
    template <class Body>
    void run(Body body) {
        never_->run(body);
    }

private:
    selected_runtime* never_ = nullptr;
};

class crew_of : public conformance, public ::testing::WithParamInterface<unsigned> {
protected:
    void SetUp() override {
        conformance::SetUp();
        apply_settings(settings_under_test(), throwing_job::parameters, values_,
                       selected_runtime::about().parameters, settings_);
    }
    params values_;
    runtime_settings settings_;
};

/// What `action` throws.
template <class Action>
std::string words_of(Action action) {
    try {
        action();
    } catch (const std::runtime_error& failure) {
        return failure.what();
    }
    return "nothing";
}

TEST_P(crew_of, workers_passes_on_what_a_body_throws_and_goes_on) {
    job_crew<selected_runtime> crew(job_of<throwing_job, selected_runtime>, GetParam(), settings_,
                                    values_);
    crew.run();
    EXPECT_EQ(finished(crew), GetParam());
    values_.values[0] = 1;
    EXPECT_EQ(words_of([&] { crew.run(); }), "from a job");
    EXPECT_EQ(finished(crew), GetParam() - 1);
    values_.values[0] = 0;
    crew.run();
    EXPECT_EQ(finished(crew), GetParam());
}

TEST_P(crew_of, workers_passes_on_what_a_constructor_throws) {
    EXPECT_EQ(words_of([&] {
                  job_crew<unbuildable_runtime>(job_of<throwing_job, unbuildable_runtime>,
                                                GetParam(), settings_, values_);
              }),
              "from a constructor");
}

INSTANTIATE_TEST_SUITE_P(size, crew_of, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace regatta::testing
