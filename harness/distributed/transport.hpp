#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace regatta::distributed {

/// What one rank says to another.
struct message {
    unsigned from;
    nlohmann::json body;
};

/// A rank that cannot be reached any more, and why as far as is known: "signal 9 (Killed)".
struct departure {
    unsigned rank;
    std::string reason;
};

/// Carries messages between rank 0, which coordinates a load and makes none of it, and the ranks
/// 1 to loaders(), each of which has a generator. This is all that differs between ranks as local
/// processes and ranks on many hosts: everything above is one code.
///
/// Nothing here waits: who waits for an answer asks again, and can look after other things
/// meanwhile. Messages from one rank to another arrive in the order in which they were sent, or
/// not at all.
class transport {
public:
    transport() = default;
    transport(const transport&) = delete;
    transport& operator=(const transport&) = delete;
    virtual ~transport() = default;

    /// "local" or "mpi".
    virtual std::string_view name() const = 0;
    virtual unsigned rank() const = 0;
    virtual unsigned loaders() const = 0;

    /// Returns at once; the receiver may be gone.
    virtual void send(unsigned to, const nlohmann::json& body) = 0;
    /// The next message that has come; nothing when none has.
    virtual std::optional<message> receive() = 0;
    /// The next rank that was found to be gone, each once.
    virtual std::optional<departure> next_departure() = 0;
    /// Ends what there is of the other ranks without their help: some are lost.
    virtual void abandon(int exit_status) = 0;
};

}  // namespace regatta::distributed
