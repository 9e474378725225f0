#pragma once

#include "harness/record/record_reader.hpp"

namespace regatta {

/// Throws `failure` for the file of a gate: its trials are of two builds under the same names, and
/// must not be taken together.
inline void require_one_build(const record_file& file) {
    if (file.run.is_object() && file.run.value("verb", nlohmann::json()) == "gate") {
        throw failure(
            "its trials are of two builds, those of a gate; `regatta gate --from FILE` tells it");
    }
}

}  // namespace regatta
