#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace regatta::load {

/// A length of time with one rate of arrivals; 0 is silence.
struct rate_step {
    std::uint64_t duration_ns;
    double rate_per_s;
};

/// The intended times of requests, fixed by the arguments alone: whatever the server does, and
/// whichever it is, the arrivals are the same. The steps follow each other and then begin again, so
/// a burst is a short step with a high rate.
///
/// "poisson": independent of each other, at the steps' rates (the exponential gaps of a process of
/// rate 1 are mapped through the inverse of the integrated rate; Cinlar 1975, section 4.7).
/// "constant": evenly spaced within a step.
class schedule {
public:
    /// `steps`: not empty, each longer than 0, at least one rate above 0.
    schedule(const std::string& arrivals, std::vector<rate_step> steps, std::uint64_t seed);

    /// The next arrival, in ns from the start of the load; never less than the one before.
    std::uint64_t next();

private:
    double gap();

    bool is_poisson_;
    std::vector<rate_step> steps_;
    // Its output is fixed by the C++ standard, unlike that of the standard's distributions.
    std::mt19937_64 random_;
    std::size_t step_ = 0;
    double step_begin_ns_ = 0;
    double step_begin_count_ = 0;  // arrivals expected until then: the integrated rate
    double count_;                 // the same at the arrival before the next
};

}  // namespace regatta::load
