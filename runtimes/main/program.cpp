// Every workload of the tree on one runtime, and the program around them; the build says which one.
#include "runtimes/main/program.hpp"

#include <vector>

#include "runtimes/main/catalog.hpp"
#include "runtimes/main/selected_program.hpp"
#include "selected_runtime.hpp"
#include "workloads/all.hpp"

namespace regatta {
namespace {

/// Whether `Runtime` has the verbs that `Workload` uses.
template <class Workload, class Runtime>
constexpr bool supports() {
    if constexpr (Workload::kind == workload_kind::server) {
        return requires(Runtime & worker, typename Runtime::stream peer, const params& values,
                        counters& counts, worker_state<Workload, Runtime>& state) {
            make_session<Workload, Runtime>(worker, std::move(peer), values, counts, state);
        };
    } else {
        return requires(Runtime & worker, typename Workload::state & state, const params& values) {
            Workload::template job<Runtime>(worker, state, shard{}, values);
        };
    }
}

template <class Workload, runtime Runtime>
catalog_entry<Runtime> entry() {
    catalog_entry<Runtime> made{Workload::name, Workload::kind, Workload::parameters};
    made.has_backend = has_backend<Workload>;
    if constexpr (requires { Workload::workers_max; }) {
        made.workers_max = Workload::workers_max;
    }
    if constexpr (supports<Workload, Runtime>()) {
        if constexpr (Workload::kind == workload_kind::server) {
            made.sessions = sessions_of<Workload, Runtime>;
        } else {
            made.job = job_of<Workload, Runtime>;
        }
    }
    return made;
}

}  // namespace

template <>
std::span<const catalog_entry<selected_runtime>> catalog() {
    static const std::vector<catalog_entry<selected_runtime>> entries = [] {
        std::vector<catalog_entry<selected_runtime>> all;
        for_each_workload(all_workloads{}, [&]<class Workload>() {
            all.push_back(entry<Workload, selected_runtime>());
        });
        return all;
    }();
    return entries;
}

int selected_program(int argc, char** argv) {
    return program<selected_runtime>(argc, argv);
}

}  // namespace regatta
