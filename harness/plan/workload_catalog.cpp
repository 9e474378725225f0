#include "harness/plan/workload_catalog.hpp"

#include <algorithm>

#include "workloads/all.hpp"
#include "workloads/support/job_state.hpp"

namespace regatta {
namespace {

template <class Workload>
workload_info info_of() {
    workload_info info{std::string(Workload::name),
                       std::string(Workload::about),
                       Workload::kind,
                       Workload::parameters,
                       [](const params&, std::int64_t, std::int64_t) { return no_ceiling; },
                       nullptr,
                       {},
                       nullptr,
                       {}};
    if constexpr (Workload::kind == workload_kind::server) {
        info.ceiling_per_s = &Workload::ceiling_per_s;
        info.load = &load_shape_of<Workload>;
    } else {
        info.expected_answer = &Workload::expected_answer;
        if constexpr (requires { &Workload::expected_units; }) {
            info.expected_units = [](const params& values, std::int64_t workers) {
                const unit_count one = Workload::expected_units(values);
                const auto times =
                    is_split<Workload> ? std::uint64_t{1} : static_cast<std::uint64_t>(workers);
                return unit_count{one.created * times, one.live_peak * times};
            };
        }
        if constexpr (requires { Workload::count_name; }) {
            info.count_name = Workload::count_name;
        }
    }
    if constexpr (has_backend<Workload>) {
        info.backend = Workload::backend::name;
        info.backend_values = &Workload::backend_values;
    }
    if constexpr (requires { Workload::set_apart; }) {
        info.set_apart = Workload::set_apart;
    }
    if constexpr (expects_apart<Workload>) {
        info.apart_of = &Workload::apart_of;
    }
    if constexpr (requires { Workload::replies_at_edges; }) {
        info.replies_at_edges = Workload::replies_at_edges;
    }
    if constexpr (requires { Workload::workers_max; }) {
        info.workers_max = Workload::workers_max;
    }
    return info;
}

}  // namespace

std::string_view kind_name(workload_kind kind) {
    return kind == workload_kind::server ? "server" : "job";
}

const std::vector<workload_info>& all_workload_info() {
    static const std::vector<workload_info> all = [] {
        std::vector<workload_info> found;
        for_each_workload(all_workloads{},
                          [&]<class Workload>() { found.push_back(info_of<Workload>()); });
        std::sort(found.begin(), found.end(),
                  [](const workload_info& a, const workload_info& b) { return a.name < b.name; });
        return found;
    }();
    return all;
}

const workload_info* find_workload(std::string_view name) {
    for (const workload_info& each : all_workload_info()) {
        if (each.name == name) {
            return &each;
        }
    }
    return nullptr;
}

}  // namespace regatta
