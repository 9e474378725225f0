#include "harness/load/driver.hpp"

#include <utility>

namespace regatta::load {

driver::driver(const client_protocol& protocol, engine& moves, recorder& records,
               std::uint32_t connections, std::uint32_t depth)
    : protocol_(protocol),
      engine_(moves),
      recorder_(records),
      depth_(depth),
      peers_(connections),
      times_(std::size_t{connections} * depth),
      open_connections_(connections) {
    recorder_.counts().connections = connections;
}

void driver::issue(connection_id id, const request_times& when) {
    connection& to = peers_[id];
    times(id, to.issued) = when;
    protocol_.append_request(to.issued++, to.building);
    ++outstanding_;
}

void driver::flush(connection_id id) {
    connection& to = peers_[id];
    if (to.is_sending() || to.building.empty()) {
        return;
    }
    std::swap(to.building, to.sending);
    to.building.clear();
    to.sending_left = to.sending.size();
    to.sending_end = to.issued;
    engine_.send(id, to.sending);
}

void driver::sending(connection_id id, std::uint64_t now_ns) {
    connection& to = peers_[id];
    recorder_.sent(to.sending_end - to.sent, now_ns);
    while (to.sent != to.sending_end) {
        request_times& when = times(id, to.sent++);
        when.sent_ns = now_ns;
        if (when.intended_ns == 0) {
            when.intended_ns = now_ns;
        }
    }
}

void driver::sent(connection_id id, std::size_t bytes) {
    connection& to = peers_[id];
    recorder_.counts().bytes_sent += bytes;
    to.sending_left -= bytes;
    flush(id);
}

void driver::received(connection_id id, bytes_view bytes, std::uint64_t now_ns) {
    recorder_.counts().bytes_received += bytes.size();
    const bool is_orderly = peers_[id].replies.feed(
        bytes, [&](bytes_view front) { return take_reply(id, front, now_ns); });
    if (is_orderly) {
        has_room(id, now_ns);
        return;
    }
    ++recorder_.counts().wrong_replies;
    engine_.close(id);
    abandon(id, now_ns);
}

std::size_t driver::take_reply(connection_id id, bytes_view bytes, std::uint64_t now_ns) {
    connection& from = peers_[id];
    if (from.answered == from.sent) {
        return reply_cutter::refused;
    }
    const std::size_t length = protocol_.reply_length(from.answered, bytes);
    if (length == 0) {
        return 0;
    }
    recorder_.replied(times(id, from.answered), now_ns,
                      protocol_.is_right(from.answered, bytes.first(length)));
    ++from.answered;
    --outstanding_;
    return length;
}

void driver::lost(connection_id id, int error, std::uint64_t now_ns) {
    ++(error == 0 ? recorder_.counts().closed : recorder_.counts().resets);
    abandon(id, now_ns);
}

void driver::abandon(connection_id id, std::uint64_t now_ns) {
    connection& lost = peers_[id];
    lost.is_open = false;
    --open_connections_;
    outstanding_ -= lost.outstanding();
    recorder_.abandoned(lost.sent - lost.answered, now_ns);
    for (std::uint64_t i = lost.answered; i != lost.issued; ++i) {
        recorder_.censored(times(id, i).intended_ns, now_ns);
    }
    recorder_.never_sent(lost.issued - lost.sent);
    gone(id, now_ns);
}

std::uint64_t driver::give_up(std::uint64_t now_ns) {
    const std::uint64_t unanswered = outstanding() + waiting();
    for (connection_id id = 0; id < connections() && unanswered != 0; ++id) {
        if (is_open(id)) {
            abandon(id, now_ns);
        }
    }
    return unanswered;
}

}  // namespace regatta::load
