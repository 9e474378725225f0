#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "harness/distributed/line_input.hpp"
#include "harness/distributed/outline.hpp"
#include "harness/distributed/roster.hpp"

namespace regatta::distributed {

/// Rank 0 of a load on several ranks. To whoever started it, it is one generator: the same dialogue
/// on the standard streams (harness/load/README.md), with a result that is the sum of the ranks'
/// and has a table of them beside it. It makes no load itself.
///
/// A rank that is lost before the load begins, or long before its end, ends the load: what is left
/// is not the load that was asked for. A rank that is lost later leaves the result of the others,
/// which says how many of how many it is of.
class coordinator {
public:
    /// `shards`: the folder for the ranks' own files; empty: none.
    coordinator(transport& others, std::filesystem::path shards);

    /// Runs one load. Gives the exit status; throws load::failure where there is no result. Nobody
    /// was told to stop yet.
    int run();

    /// Whether a rank was lost, which may still run and will not hear that it is over.
    bool has_lost() const { return ranks_.first_lost() != nullptr; }
    /// Where the shards are of the ranks that came to an end; empty: nowhere.
    std::string shards_kept() const;

private:
    void await_loaders();
    void hand_out_plan(const std::string& line);
    nlohmann::json cpus_of(std::size_t index) const;
    void measure_clocks(clock_offset loader::*into);
    void load();
    void begin_load();
    void reach_time(std::uint64_t time_ns);
    void say_result();
    /// Looks after the ranks until `condition` holds. Throws when a rank is lost meanwhile, unless
    /// the load `may_lose`; gives false when `deadline_ns` of CLOCK_MONOTONIC passes.
    bool wait(std::uint64_t deadline_ns, const std::function<bool()>& condition);
    void insist(std::uint64_t deadline_ns, loader::stage wanted, const char* what);
    std::optional<std::string> await_word();
    void refuse_losses() const;
    bool may_lose() const;
    [[noreturn]] void fail(const loader& lost) const;

    transport& others_;
    std::filesystem::path shards_;
    roster ranks_;
    line_input words_;
    load_outline outline_;
    std::uint64_t begin_ns_ = 0;  // of the load; 0: not agreed yet
    std::uint64_t window_end_ns_ = 0;
    std::optional<std::uint64_t> server_cpu_ns_;
};

}  // namespace regatta::distributed
