#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace regatta::audit {

/// A request of one of the three protocols that the audit's server speaks.
struct request {
    /// Of a frame of the workload `delay` (workloads/PROTOCOL.md), which our generator sends.
    std::optional<std::uint64_t> nonce;
    /// The reply to a message of sockperf; empty for the others. With neither it is a GET of
    /// HTTP/1.1.
    std::string message{};
};

/// Appends the reply to `asked` to `out`.
void append_reply(const request& asked, std::string& out);

/// Cuts the bytes of one connection into requests; the first byte tells the protocol.
class request_cutter {
public:
    /// Appends the requests that `bytes` complete to `whole`, but those messages of sockperf that
    /// want no reply; false when they are no requests.
    bool feed(std::string_view bytes, std::vector<request>& whole);

private:
    std::string pending_;
};

}  // namespace regatta::audit
