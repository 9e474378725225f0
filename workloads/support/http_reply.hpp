#pragma once

#include <cstddef>
#include <string>

#include "workloads/workload.hpp"

namespace regatta::http {

/// A reply as the generator reads it (Boost.Beast's parser).
struct reply {
    std::size_t length = 0;   ///< in bytes, head and body; 0: it is incomplete
    bool is_json_ok = false;  ///< status 200, and Content-Type is application/json
    std::string body;         ///< without the framing of chunks
};

/// The reply at the front of `bytes`. What is no reply, or has no end of its own (its body would
/// end with the connection), is as long as all of `bytes` and not ok.
reply read_reply(bytes_view bytes);

}  // namespace regatta::http
