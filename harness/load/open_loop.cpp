#include "harness/load/open_loop.hpp"

#include <utility>

namespace regatta::load {

open_loop::open_loop(const client_protocol& protocol, engine& moves, recorder& records,
                     reconnector& sockets, const connection_share& share, std::uint32_t depth,
                     schedule arrivals)
    : driver(protocol, moves, records, sockets, share, depth),
      share_(protocol.shape().is_broadcast ? connection_share{1} : share),
      schedule_(std::move(arrivals)),
      queues_(share_.size()) {}

void open_loop::begin(std::uint64_t now_ns) {
    begin_ns_ = now_ns;
    find_next();
}

void open_loop::find_next() {
    std::uint64_t next_ns;
    do {
        next_ns = schedule_.next();
        turn_ = turn_ + 1 == share_.connections ? 0 : turn_ + 1;
    } while (!share_.has(turn_));
    due_ns_ = begin_ns_ + next_ns;
}

void open_loop::tick(std::uint64_t now_ns) {
    arrive_until(now_ns + 1);
}

void open_loop::stop(std::uint64_t end_ns) {
    arrive_until(end_ns);
    due_ns_ = never_ns;
}

void open_loop::arrive_until(std::uint64_t end_ns) {
    while (due_ns_ < end_ns && can_arrive()) {
        arrive(due_ns_);
        find_next();
    }
}

bool open_loop::can_arrive() const {
    return connections() == 1 ? is_open(0) : open_connections() != 0;
}

void open_loop::arrive(std::uint64_t intended_ns) {
    connection_id id = share_.local(turn_);
    while (!is_open(id)) {
        id = id + 1 == connections() ? 0 : id + 1;
    }
    records().arrived(intended_ns);
    if (room(id) != 0) {
        issue(id, {intended_ns, intended_ns, 0});
        flush(id);
    } else {
        queues_[id].push_back(intended_ns);
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
