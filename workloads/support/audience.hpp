#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

#include "runtimes/runtime.hpp"

namespace regatta {

/// One connection that gets messages: those that wait for its writer.
template <full_runtime Runtime>
struct member {
    using message = std::shared_ptr<const std::vector<std::byte>>;
    static constexpr std::size_t queued_max = 16;

    typename Runtime::template channel<message> queue;
    explicit member(Runtime& runtime) : queue(runtime, queued_max) {}
};

/// Everybody who gets the messages of a worker. Its sessions may be threads: the list is never
/// changed but replaced, so who walks it holds no lock while it waits.
template <full_runtime Runtime>
class audience {
public:
    using list = std::vector<std::shared_ptr<member<Runtime>>>;

    audience(Runtime&, const params&) {}

    using snapshot = std::shared_ptr<const list>;

    /// Messages reach it from now on. Gives a list of it alone.
    snapshot join(std::shared_ptr<member<Runtime>> own) {
        auto alone = std::make_shared<const list>(1, own);
        const std::lock_guard lock(mutex_);
        auto longer = std::make_shared<list>(*members_);
        longer->push_back(std::move(own));
        members_ = std::move(longer);
        return alone;
    }

    /// No more messages come into its queue; its writer may still send what is there.
    void leave(member<Runtime>& own) {
        {
            const std::lock_guard lock(mutex_);
            auto shorter = std::make_shared<list>(*members_);
            std::erase_if(*shorter, [&](const auto& each) { return each.get() == &own; });
            members_ = std::move(shorter);
        }
        own.queue.close();
    }

    snapshot everybody() const {
        const std::lock_guard lock(mutex_);
        return members_;
    }

private:
    mutable std::mutex mutex_;
    snapshot members_ = std::make_shared<list>();
};

}  // namespace regatta
