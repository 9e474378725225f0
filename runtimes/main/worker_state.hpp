#pragma once

#include "workloads/workload.hpp"

namespace regatta {

/// For workloads whose sessions share nothing.
struct no_shared_state {
    template <class Runtime>
    no_shared_state(Runtime&, const params&) {}
};

namespace detail {
template <class Workload, class Runtime>
struct shared_state {
    using type = no_shared_state;
};
template <class Workload, class Runtime>
requires requires {
    typename Workload::template shared<Runtime>;
}
struct shared_state<Workload, Runtime> {
    using type = typename Workload::template shared<Runtime>;
};
}  // namespace detail

/// What the sessions of one worker share: `Workload::shared<Runtime>`, where there is one. It is
/// built on the worker's thread from the worker and the parameters' values, before the first
/// session, and destroyed there after the last.
template <class Workload, class Runtime>
using worker_state = typename detail::shared_state<Workload, Runtime>::type;

/// The session of one connection. Only where `Runtime` has the verbs that it needs.
template <class Workload, class Runtime>
auto make_session(Runtime& worker, typename Runtime::stream peer, const params& values,
                  counters& counts, worker_state<Workload, Runtime>& state) requires requires {
    Workload::template session<Runtime>(worker, std::move(peer), values, counts, state);
}
{ return Workload::template session<Runtime>(worker, std::move(peer), values, counts, state); }
template <class Workload, class Runtime>
auto make_session(Runtime& worker, typename Runtime::stream peer, const params& values,
                  counters& counts, no_shared_state&) requires requires {
    Workload::template session<Runtime>(worker, std::move(peer), values, counts);
}
{ return Workload::template session<Runtime>(worker, std::move(peer), values, counts); }

}  // namespace regatta
