#pragma once

#include "harness/server/conversation.hpp"
#include "harness/server/trial.hpp"

namespace regatta {

/// The two kinds of trial. Each fills in the fields of the record, sets its `status`, and throws
/// trial_failure, `failure` or `interrupted` when it comes to no figures.
void run_server_trial(const benchmark& arm, const trial_settings& settings, trial_result& trial);
void run_job_trial(const benchmark& arm, const trial_settings& settings, trial_result& trial);

}  // namespace regatta
