#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace regatta::overhead {

/// A client as plain as the controls: blocking connections, each with one message of 64 bytes on
/// its way.
class echo_client {
public:
    static constexpr std::size_t message_bytes = 64;

    /// Throws std::system_error when it cannot connect.
    echo_client(std::uint16_t port, std::size_t connections);
    ~echo_client();
    echo_client(const echo_client&) = delete;
    echo_client& operator=(const echo_client&) = delete;

    /// Sends one message on every connection, then takes and checks the replies; again and again
    /// until `requests` are answered, rounded up to whole rounds. Returns how many. Throws
    /// trial_failure for a wrong reply, a closed connection, or none within 30 s.
    std::uint64_t run(std::uint64_t requests);

private:
    void connect(std::uint16_t port);
    void send(std::size_t index);
    void receive(std::size_t index);

    std::vector<int> connections_;  // descriptors
    std::array<char, message_bytes> message_{};
    std::uint64_t rounds_ = 0;
};

}  // namespace regatta::overhead
