#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <vector>

namespace regatta {

/// The live objects of a kind in a worker, to reach them all when the worker stops. Adding and
/// removing take O(1). `Entry` has a member `std::size_t place`, which belongs to the set.
template <class Entry>
class live_set {
public:
    void add(Entry& entry) {
        entry.place = all_.size();
        all_.push_back(&entry);
    }
    void remove(Entry& entry) {
        all_[entry.place] = all_.back();
        all_[entry.place]->place = entry.place;
        all_.pop_back();
    }
    auto begin() const { return all_.begin(); }
    auto end() const { return all_.end(); }

private:
    std::vector<Entry*> all_;
};

/// Shuts down one direction of all sockets, `how` as shutdown(2) takes it. That ends their pending
/// operations on any engine. `Connection` has `int descriptor() const`.
template <class Connection>
void shut_down(const live_set<Connection>& open, int how) {
    for (Connection* const entry : open) {
        ::shutdown(entry->descriptor(), how);
    }
}

}  // namespace regatta
