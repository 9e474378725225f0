#pragma once

#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "runtimes/runtime.hpp"
#include "workloads/kernels.hpp"

namespace regatta::workloads {

/// SHA-256 over blocks, parallel over the workers: the control case. All models run the same
/// machine code on the same data, so they must agree; where they do not, the measurement is at
/// fault.
struct hash {
    static constexpr std::string_view name = "hash";
    static constexpr std::string_view about = "SHA-256 over blocks, parallel over the workers";
    static constexpr workload_kind kind = workload_kind::job;

    enum : std::size_t { block_bytes, blocks };
    static constexpr parameter parameters[] = {
        {"block_bytes", "bytes", 64 << 10, 64, 64 << 20, "length of one block"},
        {"blocks", "", 64, 1, 1 << 16, "number of blocks in one iteration"},
    };

    /// What one job holds: made once, used for every iteration.
    class state {
    public:
        explicit state(const params& values, unsigned = 1)
            : blocks_(static_cast<std::size_t>(values[blocks])),
              block_(static_cast<std::size_t>(values[block_bytes])),
              digests_(blocks_ * kernels::sha256_bytes) {
            kernels::fill(block_, 0x5eed);
        }
        /// Called before each iteration, on one thread.
        void begin() { next_.store(0, std::memory_order_relaxed); }

        /// Takes the next block of this iteration and hashes it; false when none is left. Block i
        /// is the common data with i in its first four bytes, so that memory does not grow with
        /// `blocks`.
        bool hash_next(std::vector<std::byte>& scratch) {
            const std::size_t index = next_.fetch_add(1, std::memory_order_relaxed);
            if (index >= blocks_) {
                return false;
            }
            if (scratch.empty()) {
                scratch = block_;
            }
            const auto number = static_cast<std::uint32_t>(index);
            std::memcpy(scratch.data(), &number, sizeof number);
            kernels::sha256(scratch, std::span(digests_)
                                         .subspan(index * kernels::sha256_bytes)
                                         .first<kernels::sha256_bytes>());
            return true;
        }

        /// The answer of the last iteration: SHA-256 of all digests in order, in hexadecimal.
        std::string answer() const {
            std::array<std::byte, kernels::sha256_bytes> root;
            kernels::sha256(digests_, root);
            std::string text;
            for (const std::byte b : root) {
                constexpr char digits[] = "0123456789abcdef";
                text += digits[std::to_integer<unsigned>(b) >> 4];
                text += digits[std::to_integer<unsigned>(b) & 15];
            }
            return text;
        }
        /// Units of work in one iteration.
        std::uint64_t units() const { return blocks_; }

    private:
        std::size_t blocks_;
        std::vector<std::byte> block_;
        std::vector<std::byte> digests_;
        std::atomic<std::size_t> next_{0};
    };

    /// Hashes blocks until none is left; yields after each, as a task on a shared loop should.
    template <runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard, const params&) ->
        typename Runtime::template task<void> {
        std::vector<std::byte> scratch;
        while (shared.hash_next(scratch)) {
            co_await runtime.yield();
        }
    }

    /// The right answer, computed without any runtime.
    static std::string expected_answer(const params& values) {
        state alone(values);
        alone.begin();
        std::vector<std::byte> scratch;
        while (alone.hash_next(scratch)) {
        }
        return alone.answer();
    }
};

}  // namespace regatta::workloads
