#include "harness/load/driver.hpp"

#include <cerrno>
#include <utility>

namespace regatta::load {
namespace {

// What connect(2) fails with and an open connection does not.
bool is_of_connect(int error) {
    return error == ECONNREFUSED || error == EADDRNOTAVAIL || error == EADDRINUSE;
}

}  // namespace

driver::driver(const client_protocol& protocol, engine& moves, recorder& records,
               reconnector& sockets, const connection_share& share, std::uint32_t depth)
    : protocol_(protocol),
      shape_(protocol.shape()),
      sets_apart_(protocol.sets_apart()),
      engine_(moves),
      recorder_(records),
      sockets_(sockets),
      depth_(depth),
      peers_(share.size()),
      audience_(share.size()),
      times_(std::size_t{share.size()} * depth),
      open_connections_(share.size()) {
    recorder_.counts().connections = share.size();
    if (shape_.requests_per_connection != 0) {
        sockets_.prepare();
    }
    if (shape_.is_broadcast) {
        return;
    }
    for (connection_id id = 0; id < share.size(); ++id) {
        // What is special about some requests then does not come on all connections at once.
        connection& each = peers_[id];
        each.issued = each.sent = each.answered = share.global(id);
        if (shape_.requests_per_connection != 0) {
            each.issuable = each.issued + shape_.requests_per_connection;
        }
    }
}

void driver::issue(connection_id id, const request_times& when) {
    if (!shape_.is_broadcast) {
        protocol_.append_request(peers_[id].issued, peers_[id].building);
        issue_on(peers_[id], id, when);
        return;
    }
    const bool is_joining = peers_[0].issued == 0;
    for (connection_id each = 0; each < peers_.size(); ++each) {
        if (!is_open(each)) {
            continue;
        }
        if (is_joining || each == 0) {
            protocol_.append_request(peers_[each].issued, peers_[each].building);
        }
        issue_on(peers_[each], each, when);
    }
}

void driver::issue_on(connection& to, connection_id id, const request_times& when) {
    times(id, to.issued++) = when;
    ++outstanding_;
}

void driver::flush(connection_id id) {
    flush_own(id);
    if (shape_.is_broadcast && id == 0 && peers_[0].issued == joined) {
        for (connection_id each = 1; each < peers_.size(); ++each) {
            if (is_open(each)) {
                flush_own(each);
            }
        }
    }
}

void driver::flush_own(connection_id id) {
    connection& to = peers_[id];
    if (to.is_sending() || to.building.empty()) {
        return;
    }
    std::swap(to.building, to.sending);
    to.building.clear();
    to.sending_left = to.sending.size();
    to.sending_end = to.issued;
    if (std::exchange(to.needs_socket, false)) {
        engine_.send_anew(id, to.sending);
    } else {
        engine_.send(id, to.sending);
    }
}

void driver::sending(connection_id id, std::uint64_t now_ns) {
    const std::uint64_t end = peers_[id].sending_end;
    if (!shape_.is_broadcast || end == joined) {
        sending_on(peers_[id], id, end, now_ns);
        return;
    }
    for (connection_id each = 0; each < peers_.size(); ++each) {
        if (is_open(each)) {
            sending_on(peers_[each], each, end, now_ns);
        }
    }
}

void driver::sending_on(connection& to, connection_id id, std::uint64_t end, std::uint64_t now_ns) {
    recorder_.sent(end - to.sent, now_ns);
    while (to.sent != end) {
        request_times& when = times(id, to.sent++);
        when.sent_ns = now_ns;
        if (when.intended_ns == 0) {
            when.intended_ns = now_ns;
        }
    }
}

int driver::open(connection_id id) {
    const int fd = sockets_.reopen(id);
    recorder_.counts().connections += fd >= 0 ? 1 : 0;
    return fd;
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
        if (!shape_.is_broadcast) {
            has_room(id, now_ns);
        } else if (audience_.advance(peers_)) {
            has_room(0, now_ns);
        }
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
    const bytes_view reply = bytes.first(length);
    recorder_.replied(times(id, from.answered), now_ns, protocol_.is_right(from.answered, reply));
    if (sets_apart_) {
        recorder_.classified(times(id, from.answered), now_ns,
                             protocol_.is_set_apart(from.answered, reply));
    }
    if (shape_.is_broadcast) {
        audience_.moved_on(from.answered);
    }
    ++from.answered;
    --outstanding_;
    return length;
}

// The server has closed the connection after the agreed number of replies: the next request goes
// over a new one.
bool driver::renew(connection_id id) {
    connection& to = peers_[id];
    if (shape_.requests_per_connection == 0 || to.answered != to.issuable) {
        return false;
    }
    to.issuable += shape_.requests_per_connection;
    to.needs_socket = true;
    // What was answered was taken, even where the kernel has not reported it yet.
    recorder_.counts().bytes_sent += std::exchange(to.sending_left, 0);
    return true;
}

void driver::lost(connection_id id, int error, std::uint64_t now_ns) {
    if (error == 0 && renew(id)) {
        has_room(id, now_ns);
        return;
    }
    client_counters& counts = recorder_.counts();
    ++(error == 0 ? counts.closed : is_of_connect(error) ? counts.unconnected : counts.resets);
    abandon(id, now_ns);
}

void driver::abandon(connection_id id, std::uint64_t now_ns) {
    connection& lost = peers_[id];
    lost.is_open = false;
    --open_connections_;
    outstanding_ -= lost.outstanding();
    std::uint64_t sent_sum_ns = 0;
    for (std::uint64_t i = lost.answered; i != lost.issued; ++i) {
        sent_sum_ns += i < lost.sent ? times(id, i).sent_ns : 0;
        recorder_.censored(times(id, i).intended_ns, now_ns);
    }
    recorder_.abandoned(lost.sent - lost.answered, sent_sum_ns, now_ns);
    recorder_.never_sent(lost.issued - lost.sent);
    if (shape_.is_broadcast) {
        audience_.moved_on(lost.answered);
        // The others may all have got what this one never will.
        if (audience_.advance(peers_) && is_open(0)) {
            has_room(0, now_ns);
        }
    }
    if (id < connections()) {
        gone(id, now_ns);
    }
}

std::uint64_t driver::give_up(std::uint64_t now_ns) {
    const std::uint64_t unanswered = outstanding() + waiting();
    for (connection_id id = 0; id < peers_.size() && unanswered != 0; ++id) {
        if (is_open(id)) {
            abandon(id, now_ns);
        }
    }
    return unanswered;
}

}  // namespace regatta::load
