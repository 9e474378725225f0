#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/measure/histogram.hpp"
#include "runtimes/runtime.hpp"
#include "workloads/workload.hpp"

namespace regatta {

/// A job with its state. It hides the workload's type, so that what runs and times jobs is compiled
/// once for a runtime and not once for each of its workloads.
template <runtime Runtime>
class job_source {
public:
    virtual ~job_source() = default;
    /// Called before each iteration, on one thread.
    virtual void begin() = 0;
    /// What the worker `which.index` of `which.count` does in an iteration.
    virtual typename Runtime::template task<void> part(Runtime& worker, shard which) = 0;

    /// Units of work in an iteration, and the answer of the last one.
    virtual std::uint64_t units() const = 0;
    virtual std::string answer() const = 0;
    /// The tasks of the last iteration, where the job counts them.
    virtual std::optional<unit_count> counted() const = 0;

    /// Has `look`, which may block, called while all tasks of an iteration wait; false where the
    /// job has no such moment.
    virtual bool set_at_rest(std::function<void()> look) = 0;

    struct sample {
        std::string_view name;
        histogram values;
    };
    /// What the job measured itself since clear_samples(), where it does.
    virtual std::optional<sample> samples() const = 0;
    virtual void clear_samples() = 0;
};

/// How a crew gets its job.
template <runtime Runtime>
using job_source_maker = std::unique_ptr<job_source<Runtime>> (*)(const params& values,
                                                                  unsigned workers);

template <class Workload, runtime Runtime>
class job_source_of final : public job_source<Runtime> {
public:
    job_source_of(const params& values, unsigned workers)
        : values_(values), state(values, workers) {}

    void begin() override { state.begin(); }
    typename Runtime::template task<void> part(Runtime& worker, shard which) override {
        return Workload::template job<Runtime>(worker, state, which, values_);
    }
    std::uint64_t units() const override {
        if constexpr (requires { state.units(); }) {
            return state.units();
        } else {
            return 1;
        }
    }
    std::string answer() const override {
        if constexpr (requires { state.answer(); }) {
            return state.answer();
        } else {
            return "";
        }
    }
    std::optional<unit_count> counted() const override {
        if constexpr (requires { state.counted(); }) {
            return state.counted();
        } else {
            return std::nullopt;
        }
    }
    bool set_at_rest(std::function<void()> look) override {
        if constexpr (requires { Workload::count_name; }) {
            state.set_at_rest(std::move(look));
            return true;
        } else {
            return false;
        }
    }
    std::optional<typename job_source<Runtime>::sample> samples() const override {
        if constexpr (requires { Workload::sample_name; }) {
            return typename job_source<Runtime>::sample{Workload::sample_name, state.samples()};
        } else {
            return std::nullopt;
        }
    }
    void clear_samples() override {
        if constexpr (requires { Workload::sample_name; }) {
            state.clear_samples();
        }
    }

private:
    const params& values_;

public:
    typename Workload::state state;
};

/// A `job_source_maker` for `Workload`.
template <class Workload, runtime Runtime>
std::unique_ptr<job_source<Runtime>> job_of(const params& values, unsigned workers) {
    return std::make_unique<job_source_of<Workload, Runtime>>(values, workers);
}

}  // namespace regatta
