#include "harness/load/open_loop.hpp"

#include <utility>

namespace regatta::load {

open_loop::open_loop(const client_protocol& protocol, engine& moves, recorder& records,
                     std::uint32_t connections, std::uint32_t depth, schedule arrivals)
    : driver(protocol, moves, records, connections, depth),
      schedule_(std::move(arrivals)),
      queues_(connections) {}

void open_loop::begin(std::uint64_t now_ns) {
    begin_ns_ = now_ns;
    due_ns_ = begin_ns_ + schedule_.next();
}

void open_loop::tick(std::uint64_t now_ns) {
    arrive_until(now_ns + 1);
}

void open_loop::stop(std::uint64_t end_ns) {
    arrive_until(end_ns);
    due_ns_ = never_ns;
}

void open_loop::arrive_until(std::uint64_t end_ns) {
    while (due_ns_ < end_ns && open_connections() != 0) {
        arrive(due_ns_);
        due_ns_ = begin_ns_ + schedule_.next();
    }
}

void open_loop::arrive(std::uint64_t intended_ns) {
    do {
        turn_ = turn_ + 1 == connections() ? 0 : turn_ + 1;
    } while (!is_open(turn_));
    records().arrived(intended_ns);
    if (room(turn_) != 0) {
        issue(turn_, {intended_ns, intended_ns, 0});
        flush(turn_);
    } else {
        queues_[turn_].push_back(intended_ns);
        records().queued(++waiting_);
    }
}

void open_loop::has_room(connection_id id, std::uint64_t now_ns) {
    auto& queue = queues_[id];
    while (!queue.empty() && room(id) != 0) {
        issue(id, {queue.front(), now_ns, 0});
        queue.pop_front();
        --waiting_;
    }
    flush(id);
}

void open_loop::gone(connection_id id, std::uint64_t now_ns) {
    for (const std::uint64_t intended_ns : queues_[id]) {
        records().censored(intended_ns, now_ns);
    }
    records().never_sent(queues_[id].size());
    waiting_ -= queues_[id].size();
    queues_[id].clear();
}

}  // namespace regatta::load
