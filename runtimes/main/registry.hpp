#pragma once

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <concepts>

#include "runtimes/main/arguments.hpp"
#include "workloads/all.hpp"

namespace regatta {

/// Whether `Runtime` has the verbs that `Workload` uses.
template <class Workload, class Runtime>
inline constexpr bool supports = [] {
    if constexpr (Workload::kind == workload_kind::server) {
        return requires(Runtime & worker, typename Runtime::stream peer, const params& values,
                        counters& counts) {
            Workload::template session<Runtime>(worker, std::move(peer), values, counts);
        };
    } else {
        return requires(Runtime & worker, typename Workload::state & state, const params& values) {
            Workload::template job<Runtime>(worker, state, shard{}, values);
        };
    }
}();

/// Calls `function.template operator()<W>()` for the workload named `name`; throws contract_error
/// with the names that exist when there is none.
template <class Function>
void with_workload(std::string_view name, Function&& function) {
    bool is_found = false;
    std::vector<std::string_view> known;
    for_each_workload(all_workloads{}, [&]<class Workload>() {
        known.push_back(Workload::name);
        if (Workload::name == name) {
            is_found = true;
            function.template operator()<Workload>();
        }
    });
    if (!is_found) {
        throw contract_error(
            contract_error::usage,
            fmt::format("unknown workload '{}'; there are: {}", name, fmt::join(known, ", ")));
    }
}

/// A server workload is served, a job is run; throws contract_error for the other verb.
inline void require_verb(const arguments& given, arguments::verb right) {
    if (given.action != right) {
        throw contract_error(
            contract_error::usage,
            fmt::format("{} is a {}: use the verb {}", given.workload,
                        right == arguments::verb::serve ? "server workload" : "job",
                        right == arguments::verb::serve ? "serve" : "job"));
    }
}

}  // namespace regatta
