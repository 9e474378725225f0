#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/audit/request_cutter.hpp"
#include "harness/audit/server_model.hpp"
#include "harness/load/descriptor.hpp"
#include "harness/measure/histogram.hpp"

namespace regatta::audit {

/// Answers requests at the times of a model: one thread, epoll, timers without slack. Its own work
/// is a few microseconds a request; how late it was beyond the model it measures itself.
class server {
public:
    /// Listens on a port of 127.0.0.1. Throws std::system_error when it cannot.
    explicit server(const server_model& model);

    int port() const { return port_; }
    /// Serves until `stop_descriptor` can be read.
    void run(int stop_descriptor);

    std::uint64_t requests() const { return requests_; }
    /// From the time at which the model answers to that of the send, of every reply.
    const histogram& lateness() const { return lateness_; }

private:
    struct peer {
        load::descriptor socket;
        request_cutter cutter;
        std::string outgoing;
        bool is_blocked = false;  // until the socket takes more
    };
    struct pending_reply {
        std::uint64_t due_ns;
        std::uint64_t peer_id;
        request asked;
    };

    void watch(int descriptor, std::uint64_t id, std::uint32_t events, int operation);
    void accept_all();
    void read(std::uint64_t id, std::uint64_t now_ns);
    void send_due(std::uint64_t now_ns);
    void push(std::uint64_t id);
    /// Sleeps until something can be read or is due; false when it is time to stop.
    bool serve_once();

    reply_times times_;
    load::descriptor listener_;
    load::descriptor epoll_;
    int port_ = 0;
    std::unordered_map<std::uint64_t, peer> peers_;
    std::uint64_t next_id_;
    std::deque<pending_reply> pending_;  // in the order in which they are due
    std::vector<request> whole_;
    std::vector<std::uint64_t> touched_;
    std::uint64_t requests_ = 0;
    histogram lateness_;
};

}  // namespace regatta::audit
