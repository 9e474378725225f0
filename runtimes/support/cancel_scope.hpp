#pragma once

#include <utility>

namespace regatta {

class cancel_scope;

/// Place in the list of a scope.
struct cancel_link {
    cancel_link* previous = nullptr;
    cancel_link* next = nullptr;
};

/// A wait that a scope can end, or a scope inside another. Lives in the waiter's own frame, stack
/// or connection, so entering a scope allocates nothing.
class cancel_entry : public cancel_link {
public:
    cancel_entry(const cancel_entry&) = delete;
    cancel_entry& operator=(const cancel_entry&) = delete;

    /// Called by the scope when it is cancelled; the entry is no longer in it. Must not run the
    /// waiter at once but make it ready: other entries of the scope wait for their turn.
    virtual void on_cancel() noexcept = 0;

    /// Takes the entry out of its scope, if it is in one.
    void leave() noexcept {
        if (next != nullptr) {
            previous->next = next;
            next->previous = previous;
            next = nullptr;
        }
    }

protected:
    cancel_entry() = default;
    ~cancel_entry() { leave(); }
};

/// What is cancelled together: the waits begun inside it and the scopes opened inside it. For one
/// thread. See runtimes/README.md for the rules.
class cancel_scope final : private cancel_entry {
public:
    /// A scope inside `outer`, or one of its own.
    explicit cancel_scope(cancel_scope* outer) {
        entries_.previous = entries_.next = &entries_;
        if (outer != nullptr) {
            is_cancelled_ = outer->is_cancelled_;
            outer->enter(*this);
        }
    }

    bool is_cancelled() const { return is_cancelled_; }

    /// `entry` is told when the scope is cancelled, unless it leaves before or was entered after.
    void enter(cancel_entry& entry) {
        cancel_link& link = entry;
        link.previous = entries_.previous;
        link.next = &entries_;
        link.previous->next = &link;
        entries_.previous = &link;
    }

    /// Ends all waits inside with ECANCELED, and from now on those that begin.
    void cancel() noexcept {
        is_cancelled_ = true;
        while (entries_.next != &entries_) {
            auto& entry = static_cast<cancel_entry&>(*entries_.next);
            entry.leave();
            entry.on_cancel();
        }
    }

private:
    void on_cancel() noexcept override { cancel(); }

    cancel_link entries_;
    bool is_cancelled_ = false;
};

/// The scope of the task that runs on this thread; null outside of every group and deadline, where
/// only the end of the worker cancels. Invariant: it is null whenever no task runs. A task that
/// suspends inside a scope takes it along and puts it back when it goes on.
inline constinit thread_local cancel_scope* current_scope = nullptr;

/// Puts a scope back at the end of a block.
class restored_scope {
public:
    explicit restored_scope(cancel_scope* outer) : outer_(outer) {}
    ~restored_scope() { current_scope = outer_; }
    restored_scope(const restored_scope&) = delete;
    restored_scope& operator=(const restored_scope&) = delete;

private:
    cancel_scope* outer_;
};

}  // namespace regatta
