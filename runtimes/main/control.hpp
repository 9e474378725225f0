#pragma once

namespace regatta {

/// Must be called before any thread starts: SIGTERM and SIGINT are then taken by wait_for_stop()
/// alone, and a lost peer is an error of send() instead of a signal. Throws std::system_error.
void block_stop_signals();

/// Returns at SIGTERM, SIGINT or the end of standard input. From then on a second signal ends the
/// program.
void wait_for_stop();

/// Raises RLIMIT_NOFILE to its hard limit, and root beyond it to `fs.nr_open`: ten thousand
/// connections need as many descriptors.
void raise_descriptor_limit();

}  // namespace regatta
