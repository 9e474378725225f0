#pragma once

#include <algorithm>
#include <vector>

#include "runtimes/runtime.hpp"
#include "workloads/support/job_state.hpp"

namespace regatta::workloads {

/// Product of two square matrices of doubles. A block of rows is a task; the workers take them from
/// a common counter. All values are small whole numbers, so sums are exact in any order.
struct matmul {
    static constexpr std::string_view name = "matmul";
    static constexpr std::string_view about = "product of two matrices, one task a block of rows";
    static constexpr workload_kind kind = workload_kind::job;
    static constexpr bool is_split = true;

    enum : std::size_t { size, block_rows };
    static constexpr parameter parameters[] = {
        {"size", "", 256, 1, 4096, "rows and columns"},
        {"block_rows", "", 16, 1, 4096, "rows of one task"},
    };

    static double left_at(std::size_t row, std::size_t column) {
        return static_cast<double>((row * 7 + column * 3) % 11);
    }
    static double right_at(std::size_t row, std::size_t column) {
        return static_cast<double>((row * 5 + column) % 13);
    }
    /// What an element of the product counts in the answer: that of its row times its column's.
    static double weight(std::size_t index) { return static_cast<double>(index % 7 + 1); }

    class state : public job_state<matmul> {
    public:
        state(const params& values, unsigned workers)
            : job_state(values, workers),
              n_(static_cast<std::size_t>(values[size])),
              left_(n_ * n_),
              right_(n_ * n_) {
            for (std::size_t i = 0; i < n_ * n_; ++i) {
                left_[i] = left_at(i / n_, i % n_);
                right_[i] = right_at(i / n_, i % n_);
            }
        }
        /// The rows `first` to before `last` of the product, weighted and summed.
        std::uint64_t multiply(std::size_t first, std::size_t last) const {
            std::vector<double> row(n_);
            double total = 0;
            for (std::size_t i = first; i < last; ++i) {
                std::fill(row.begin(), row.end(), 0.0);
                for (std::size_t k = 0; k < n_; ++k) {
                    const double factor = left_[i * n_ + k];
                    const double* const of_right = &right_[k * n_];
                    for (std::size_t j = 0; j < n_; ++j) {
                        row[j] += factor * of_right[j];
                    }
                }
                for (std::size_t j = 0; j < n_; ++j) {
                    total += weight(i) * weight(j) * row[j];
                }
            }
            return static_cast<std::uint64_t>(total);
        }

    private:
        std::size_t n_;
        std::vector<double> left_;
        std::vector<double> right_;
    };

    template <full_runtime Runtime>
    static auto unit(const state& shared, job_part& own, std::size_t first, std::size_t last) ->
        typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        own.add(shared.multiply(first, last));
        co_return outcome{};
    }

    template <full_runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        job_part& own = shared.of(which);
        const auto rows = static_cast<std::size_t>(values[size]);
        const auto block = static_cast<std::size_t>(values[block_rows]);
        typename Runtime::task_group group(runtime);
        for (std::uint64_t first; (first = shared.take_next() * block) < rows;) {
            group.spawn(unit<Runtime>(shared, own, first, std::min(rows, first + block)));
            // Where a task does not run at once: what was taken is done before more is.
            co_await runtime.yield();
        }
        const auto [failed] = co_await group.join();
        require_success(failed, "starting a task");
    }

    /// Multiplications.
    static std::uint64_t units(const params& values) {
        return static_cast<std::uint64_t>(values[size] * values[size] * values[size]);
    }
    static unit_count expected_units(const params& values) {
        const std::int64_t blocks = (values[size] + values[block_rows] - 1) / values[block_rows];
        return {static_cast<std::uint64_t>(blocks), 1};
    }
    /// r (A B) s = (r A)(B s) for the vectors of weights r and s, without the product itself: what
    /// Freivalds' check compares (Probabilistic machines can use less running time, 1977).
    static std::string expected_answer(const params& values) {
        const auto n = static_cast<std::size_t>(values[size]);
        double total = 0;
        for (std::size_t k = 0; k < n; ++k) {
            double column = 0;
            double row = 0;
            for (std::size_t i = 0; i < n; ++i) {
                column += weight(i) * left_at(i, k);
                row += weight(i) * right_at(k, i);
            }
            total += column * row;
        }
        return std::to_string(static_cast<std::uint64_t>(total));
    }
};

}  // namespace regatta::workloads
