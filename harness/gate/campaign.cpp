#include "harness/gate/campaign.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>

#include "harness/plan/order.hpp"
#include "harness/server/interrupt.hpp"

namespace regatta::gate {
namespace {

using nlohmann::json;

constexpr const char* padding_variable = "REGATTA_GATE_PADDING";
constexpr std::size_t padding_bytes_max = 4096;

/// Takes the variable away again, whatever ends the campaign.
class environment_padding {
public:
    ~environment_padding() { ::unsetenv(padding_variable); }
    static void resize(std::size_t bytes) {
        ::setenv(padding_variable, std::string(bytes, 'x').c_str(), 1);
    }
};

/// The share of the CPU's time that the trials of a pair saw others use.
std::optional<double> foreign_share(const json& base, const json& head) {
    std::optional<double> worst;
    for (const json* trial : {&base, &head}) {
        const auto found = trial->find("foreign_cpu_share");
        if (found != trial->end() && found->is_number()) {
            worst = std::max(worst.value_or(0), found->get<double>());
        }
    }
    return worst;
}

class campaign {
public:
    campaign(std::vector<contest>& contests, const rule& levels, const campaign_settings& settings,
             const campaign_observer& observer)
        : contests_(contests),
          levels_(levels),
          settings_(settings),
          observer_(observer),
          random_(settings.seed),
          cpu_(settings.trials.cpus) {}

    campaign_end run() {
        const environment_padding padding;
        observer_.machine_seen(cpu_.foreign_share());
        const auto begin = std::chrono::steady_clock::now();
        for (std::uint64_t round = 0;; ++round) {
            const std::vector<contest*> open = open_contests();
            if (open.empty()) {
                return campaign_end::complete;
            }
            for (const std::size_t index : trial_order(open.size(), settings_.seed, round)) {
                const std::chrono::duration<double> passed =
                    std::chrono::steady_clock::now() - begin;
                if (settings_.budget_s && passed.count() >= *settings_.budget_s) {
                    return campaign_end::budget;
                }
                try {
                    run_pair(*open[index], round);
                } catch (const interrupted&) {
                    return campaign_end::interrupted;
                }
            }
        }
    }

private:
    std::vector<contest*> open_contests() {
        std::vector<contest*> open;
        for (contest& each : contests_) {
            if (!each.is_over) {
                open.push_back(&each);
            }
        }
        return open;
    }

    void run_pair(contest& on, std::uint64_t round) {
        std::size_t left = 0;
        for (const contest* each : open_contests()) {
            left += pairs_left(*each);
        }
        observer_.pair_begins(on, pairs_run_, left);
        trial_settings settings = settings_.trials;
        settings.seed = settings_.seed + round;
        if (settings.placement == placement_mode::same_core) {
            settings.cpus = {cpu_.choice()};
        }
        if (on.head.measure_s) {
            settings.measure = std::chrono::nanoseconds(std::llround(*on.head.measure_s * 1e9));
        }
        cpu_.begin();
        json base;
        json head;
        const bool is_head_first = random_() % 2 == 0;
        for (const bool is_second : {false, true}) {
            const bool is_head = is_head_first != is_second;
            (is_head ? head : base) =
                run_side(is_head ? on.head : on.base, is_head ? "head" : "base", settings, round);
        }
        cpu_.end(foreign_share(base, head));
        ++pairs_run_;
        take_pair(on, levels_, base, head);
        if (on.is_over) {
            observer_.contest_over(on);
        }
    }

    json run_side(const benchmark& arm, const char* side, const trial_settings& settings,
                  std::uint64_t round) {
        environment_padding::resize(random_() % padding_bytes_max);
        json record = run_trial(arm, settings).record;
        record["round"] = round;
        record["attempt"] = 0;
        record["side"] = side;
        observer_.trial_ended(record);
        return record;
    }

    std::vector<contest>& contests_;
    const rule& levels_;
    const campaign_settings& settings_;
    const campaign_observer& observer_;
    std::mt19937_64 random_;
    quiet_cpu cpu_;
    std::size_t pairs_run_ = 0;
};

}  // namespace

std::size_t pairs_left(const contest& on) {
    std::size_t most = on.is_over ? 0 : 1;
    for (const cell& each : on.cells) {
        if (!on.is_over && !each.found.is_final && !is_absent(on, each)) {
            const auto* const next =
                std::upper_bound(looks.begin(), looks.end(), each.differences.size());
            most = std::max(most, next == looks.end() ? 0 : *next - each.differences.size());
        }
    }
    return most;
}

campaign_end run_campaign(std::vector<contest>& contests, const rule& levels,
                          const campaign_settings& settings, const campaign_observer& observer) {
    return campaign(contests, levels, settings, observer).run();
}

}  // namespace regatta::gate
