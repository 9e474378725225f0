#include "harness/stats/rate_search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace regatta::stats {
namespace {

struct hunted {
    rate_answer answer;
    std::vector<rate_probe> path;
};

hunted hunt(const rate_search_settings& settings,
            const std::function<probe_outcome(std::int64_t)>& server) {
    rate_search search(settings);
    hunted found;
    while (const auto probe = search.next()) {
        found.path.push_back(*probe);
        if (found.path.size() > 1000) {
            ADD_FAILURE() << "it does not end";
            break;
        }
        search.observe(server(probe->rate_per_s));
    }
    found.answer = search.answer();
    return found;
}

probe_outcome met_if(bool is_met) {
    return is_met ? probe_outcome::met : probe_outcome::missed;
}

TEST(rate_search, finds_a_sharp_end_to_the_resolution_from_above_and_below) {
    for (const std::int64_t truth : {7, 993, 5394, 123'456, 7'654'321}) {
        for (const std::int64_t start : {std::int64_t{1}, std::int64_t{1000}, 50 * truth}) {
            rate_search_settings settings;
            settings.start_per_s = start;
            const hunted found =
                hunt(settings, [&](std::int64_t rate) { return met_if(rate <= truth); });
            ASSERT_TRUE(found.answer.rate_per_s) << truth << " from " << start;
            EXPECT_LE(*found.answer.rate_per_s, truth);
            EXPECT_GT(*found.answer.missed_per_s, truth);
            EXPECT_LE(static_cast<double>(*found.answer.missed_per_s),
                      std::max(1.02 * static_cast<double>(*found.answer.rate_per_s),
                               static_cast<double>(*found.answer.rate_per_s) + 1));
            EXPECT_FALSE(found.answer.is_missed_invalid);
            EXPECT_LT(found.path.size(), 45u);
            EXPECT_EQ(std::count_if(found.path.begin(), found.path.end(),
                                    [](const rate_probe& each) {
                                        return each.phase == search_phase::confirmation;
                                    }),
                      settings.confirmations);
        }
    }
}

TEST(rate_search, tells_how_many_probes_are_left) {
    rate_search_settings settings;
    settings.start_per_s = 1000;
    rate_search search(settings);
    EXPECT_EQ(search.probes_left(), 3 + 6 + 5);
    EXPECT_FALSE(search.highest_met());
    int probes = 0;
    int first_guess_of_bisection = 0;
    while (const auto probe = search.next()) {
        if (probe->phase == search_phase::bisection && first_guess_of_bisection == 0) {
            first_guess_of_bisection = probes + search.probes_left();
        }
        EXPECT_GT(search.probes_left(), 0);
        search.observe(met_if(probe->rate_per_s <= 5394));
        ++probes;
    }
    EXPECT_EQ(first_guess_of_bisection, probes);
    EXPECT_EQ(search.probes_left(), 0);
    EXPECT_EQ(search.highest_met(), search.answer().rate_per_s);
}

TEST(rate_search, a_bound_that_no_rate_meets_has_no_answer) {
    rate_search_settings settings;
    settings.rate_min_per_s = 100;
    const hunted found = hunt(settings, [](std::int64_t) { return probe_outcome::missed; });
    EXPECT_FALSE(found.answer.rate_per_s);
    EXPECT_EQ(found.path.back().rate_per_s, 100);
}

TEST(rate_search, a_bound_that_every_rate_meets_ends_at_the_highest) {
    rate_search_settings settings;
    settings.rate_max_per_s = 5000;
    const hunted found = hunt(settings, [](std::int64_t) { return probe_outcome::met; });
    EXPECT_EQ(found.answer.rate_per_s, 5000);
    EXPECT_TRUE(found.answer.is_rate_max);
    EXPECT_FALSE(found.answer.missed_per_s);
}

TEST(rate_search, invalid_trials_are_repeated_and_then_count_as_missed) {
    int calls = 0;
    const hunted twice = hunt({}, [&](std::int64_t rate) {
        return ++calls % 3 != 0 ? probe_outcome::invalid : met_if(rate <= 4000);
    });
    ASSERT_TRUE(twice.answer.rate_per_s);
    EXPECT_LE(*twice.answer.rate_per_s, 4000);
    EXPECT_GE(*twice.answer.rate_per_s, 3900);
    EXPECT_FALSE(twice.answer.is_missed_invalid);
    const hunted always = hunt({}, [](std::int64_t rate) {
        return rate > 4000 ? probe_outcome::invalid : probe_outcome::met;
    });
    EXPECT_GE(*always.answer.rate_per_s, 3900);
    EXPECT_TRUE(always.answer.is_missed_invalid);
    const hunted never = hunt({}, [](std::int64_t) { return probe_outcome::invalid; });
    EXPECT_FALSE(never.answer.rate_per_s);
    EXPECT_EQ(never.path.size(), 3u);
}

TEST(rate_search, what_is_not_confirmed_goes_a_step_down) {
    // The rate found holds but for its second confirmation.
    int confirmations = 0;
    rate_search search({});
    std::vector<std::int64_t> asked;
    while (const auto probe = search.next()) {
        const bool is_confirmation = probe->phase == search_phase::confirmation;
        if (is_confirmation) {
            asked.push_back(probe->rate_per_s);
        }
        search.observe(met_if(is_confirmation ? ++confirmations != 2 : probe->rate_per_s <= 4000));
    }
    ASSERT_EQ(asked.size(), 7u);
    EXPECT_EQ(asked[0], asked[1]);
    EXPECT_LT(asked[2], asked[1]);
    EXPECT_NEAR(static_cast<double>(asked[2]), static_cast<double>(asked[1]) / 1.02, 1);
    EXPECT_EQ(search.answer().rate_per_s, asked[2]);
    EXPECT_EQ(search.answer().missed_per_s, asked[1]);
}

TEST(rate_search, gives_up_what_is_never_confirmed) {
    rate_search search({});
    int steps = 0;
    while (const auto probe = search.next()) {
        const bool is_confirmation = probe->phase == search_phase::confirmation;
        steps += is_confirmation ? 1 : 0;
        search.observe(met_if(!is_confirmation && probe->rate_per_s <= 4000));
    }
    EXPECT_FALSE(search.answer().rate_per_s);
    EXPECT_EQ(steps, rate_search_settings{}.steps_down + 1);
}

// Response times of an M/M/1 queue: Lindley's recursion for the waiting time.
std::int64_t mm1_p99_ns(double rate_per_s, double capacity_per_s, int requests,
                        std::mt19937_64& random) {
    const auto exponential = [&](double per_s) {
        return -std::log1p(-static_cast<double>(random() >> 11) * 0x1p-53) / per_s;
    };
    std::vector<double> responses;
    double waiting = 0;
    for (int i = 0; i < requests; ++i) {
        const double service = exponential(capacity_per_s);
        responses.push_back(waiting + service);
        waiting = std::max(0.0, waiting + service - exponential(rate_per_s));
    }
    const auto at = responses.begin() + requests * 99 / 100;
    std::nth_element(responses.begin(), at, responses.end());
    return std::llround(*at * 1e9);
}

TEST(rate_search, finds_the_end_of_a_simulated_queue) {
    // Response is exponential with mean 1 / (capacity - rate): p99 = 1 ms at 10,000 - ln(100) / 1
    // ms.
    const double truth = 10'000 - std::log(100) * 1000;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        std::mt19937_64 random(seed);
        const hunted found = hunt({}, [&](std::int64_t rate) {
            const auto p99 = mm1_p99_ns(static_cast<double>(rate), 10'000, 20'000, random);
            return met_if(p99 <= 1'000'000);
        });
        ASSERT_TRUE(found.answer.rate_per_s) << seed;
        const auto rate = static_cast<double>(*found.answer.rate_per_s);
        EXPECT_LE(rate, truth * 1.03) << seed;
        EXPECT_GE(rate, truth * 0.75) << seed;
    }
}

}  // namespace
}  // namespace regatta::stats
