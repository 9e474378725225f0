#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "runtimes/with_task_group.hpp"
#include "workloads/delay.hpp"
#include "workloads/support/backend_link.hpp"

namespace regatta::workloads {

/// Each request asks a backend several things at once, over connections of its own, and answers
/// when all answers are there. The first failure cancels the rest; the request is then answered as
/// not done. On more `levels`, each child opens a group of its own, and those of the last ask.
struct fan_out {
    static constexpr std::string_view name = "fan_out";
    static constexpr std::string_view about =
        "asks a backend width things at once, each of which takes delay_us, and joins the answers";
    static constexpr std::string_view set_apart = "failed on purpose";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { width, delay_us, fail_percent, levels };
    static constexpr parameter parameters[] = {
        {"width", "", 16, 1, 1000, "children of each group; each asks once, on the last level"},
        {"delay_us", "us", 10'000, 1, 60'000'000, "how long the backend takes for each"},
        {"fail_percent", "", 0, 0, 100, "of a hundred requests, so many have one that fails"},
        {"levels", "", 1, 1, 2, "2: each child has a group of its own, and its children ask"},
    };

    using backend = delay;
    static params backend_values(const params& values) {
        params of_backend;
        of_backend.values[delay::delay_us] = values[delay_us];
        return of_backend;
    }

    /// How many things a request asks.
    static std::size_t questions(const params& values) {
        std::size_t product = 1;
        for (std::int64_t i = 0; i < values[levels]; ++i) {
            product *= static_cast<std::size_t>(values[width]);
        }
        return product;
    }

    static bool fails(const params& values, std::uint64_t nonce) {
        return request_reply::place_of(nonce) * 37 % request_reply::places <
               static_cast<std::uint64_t>(values[fail_percent]);
    }
    static request_reply::refusal_is refuses(const params& values, std::uint64_t nonce) {
        return fails(values, nonce) ? request_reply::refusal_is::certain
                                    : request_reply::refusal_is::wrong;
    }
    /// The sum of the backend's answers to nonce, nonce + 1, ...
    static std::uint64_t answer(const params& values, std::uint64_t nonce) {
        std::uint64_t sum = 0;
        for (std::uint64_t i = 0; i < questions(values); ++i) {
            sum += delay::answer(values, nonce + i);
        }
        return sum;
    }

    /// What the sessions of a worker share.
    template <full_runtime Runtime>
    struct shared {
        endpoint backend_at;
        shared(Runtime&, const params& values) : backend_at(backend_of(values)) {}
    };

    /// What a session needs for one sub-request: children may be threads, each has its own.
    template <full_runtime Runtime>
    struct branch {
        backend_link<Runtime> link;
        request_reply::answered result;
    };

    template <full_runtime Runtime>
    static auto ask(request_reply::context<Runtime> request, const endpoint& backend_at,
                    branch<Runtime>& own, std::uint64_t index) ->
        typename Runtime::template task<outcome> {
        const bool fails_here = index == 0 && fails(request.values, request.nonce);
        request_reply::message message = request_reply::make_message(request.nonce + index);
        if (fails_here) {
            // No nonce: the backend closes the connection.
            frame::store_u32(message.data(), 0);
        }
        own.result =
            co_await ask_backend(request.runtime, own.link, backend_at, message,
                                 fails_here ? frame::header_bytes : request_reply::frame_bytes);
        co_return outcome{own.result.error};
    }

    /// The children of one group: those of the last level have a question each, the others a group.
    template <full_runtime Runtime>
    struct part {
        std::span<branch<Runtime>> branches;
        std::uint64_t first;  ///< question
        std::int64_t level;
    };

    template <full_runtime Runtime>
    static auto ask_all(request_reply::context<Runtime> request, const endpoint& backend_at,
                        part<Runtime> whole, typename Runtime::task_group& group) ->
        typename Runtime::template task<outcome> {
        const auto children = static_cast<std::size_t>(request.values[width]);
        const std::size_t each = whole.branches.size() / children;
        for (std::size_t i = 0; i < children; ++i) {
            const std::uint64_t first = whole.first + i * each;
            if (whole.level == request.values[levels]) {
                group.spawn(ask<Runtime>(request, backend_at, whole.branches[i], first));
            } else {
                group.spawn(join<Runtime>(
                    request, backend_at,
                    part<Runtime>{whole.branches.subspan(i * each, each), first, whole.level + 1}));
            }
        }
        co_return outcome{};
    }

    template <full_runtime Runtime>
    static auto join(request_reply::context<Runtime> request, const endpoint& backend_at,
                     part<Runtime> whole) -> typename Runtime::template task<outcome> {
        const outcome first_failure =
            co_await with_task_group(request.runtime, [&](typename Runtime::task_group& group) {
                return ask_all<Runtime>(request, backend_at, whole, group);
            });
        co_return first_failure;
    }

    template <full_runtime Runtime>
    static auto handle(request_reply::context<Runtime> request, shared<Runtime>& state,
                       std::vector<branch<Runtime>>& branches) ->
        typename Runtime::template task<request_reply::answered> {
        for (branch<Runtime>& each : branches) {
            each.result = {};
        }
        const auto [failed] =
            co_await with_task_group(request.runtime, [&](typename Runtime::task_group& group) {
                return ask_all<Runtime>(request, state.backend_at, part<Runtime>{branches, 0, 1},
                                        group);
            });
        if (failed && !fails(request.values, request.nonce)) {
            co_return request_reply::answered{failed};
        }
        request_reply::answered whole{io_error(),
                                      failed ? request_reply::refusal(request.nonce) : 0};
        for (const branch<Runtime>& each : branches) {
            request.counts.cancelled += each.result.error.value() == ECANCELED ? 1 : 0;
            whole.payload += failed ? 0 : each.result.payload;
        }
        co_return whole;
    }

    template <full_runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
                        counters& counts, shared<Runtime>& state) ->
        typename Runtime::template task<void> {
        std::vector<branch<Runtime>> branches(questions(values));
        co_await request_reply::session<fan_out>(runtime, std::move(peer), values, counts, state,
                                                 branches);
    }

    using exchange = request_reply::exchange<fan_out, request_reply::places>;

    /// All sub-requests at once take one delay; a failure takes less.
    static double ceiling_per_s(const params& values, std::int64_t connections, std::int64_t) {
        return values[fail_percent] != 0
                   ? no_ceiling
                   : static_cast<double>(connections) * 1e6 / static_cast<double>(values[delay_us]);
    }
};

}  // namespace regatta::workloads
