#pragma once

namespace regatta {

/// Those who wait for something, first come, first served. `Node` derives from
/// wait_list<Node>::node and lives in the waiter's own frame or stack.
template <class Node>
class wait_list {
public:
    class node {
    protected:
        node() = default;
        ~node() = default;

    private:
        friend class wait_list;
        Node* previous_ = nullptr;
        Node* next_ = nullptr;
        bool is_linked_ = false;
    };

    bool empty() const { return first_ == nullptr; }

    void push_back(Node& entry) {
        entry.previous_ = last_;
        entry.next_ = nullptr;
        entry.is_linked_ = true;
        (last_ != nullptr ? last_->next_ : first_) = &entry;
        last_ = &entry;
    }

    /// Takes the first out; null when nobody waits.
    Node* pop_front() {
        Node* const entry = first_;
        if (entry != nullptr) {
            remove(*entry);
        }
        return entry;
    }

    template <class Function>
    void for_each(Function function) const {
        for (Node* entry = first_; entry != nullptr; entry = entry->next_) {
            function(*entry);
        }
    }

    /// Takes `entry` out; false when it is no longer in the list.
    bool remove(Node& entry) {
        if (!entry.is_linked_) {
            return false;
        }
        (entry.previous_ != nullptr ? entry.previous_->next_ : first_) = entry.next_;
        (entry.next_ != nullptr ? entry.next_->previous_ : last_) = entry.previous_;
        entry.is_linked_ = false;
        return true;
    }

private:
    Node* first_ = nullptr;
    Node* last_ = nullptr;
};

}  // namespace regatta
