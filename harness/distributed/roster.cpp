#include "harness/distributed/roster.hpp"

#include <sched.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace regatta::distributed {

using nlohmann::json;

std::string loader::name() const {
    return fmt::format("rank {} on {}", rank, host);
}

roster::roster(transport& others) : others_(others), all_(others.loaders()) {
    const std::uint64_t now = clock_.now_ns();
    for (unsigned i = 0; i < all_.size(); ++i) {
        all_[i].rank = i + 1;
        all_[i].heard_ns = now;
    }
}

void roster::look() {
    while (const auto said = others_.receive()) {
        take(*said);
    }
    while (const auto gone = others_.next_departure()) {
        lose(all_.at(gone->rank - 1), gone->reason);
    }
    const std::uint64_t now = clock_.now_ns();
    for (loader& each : all_) {
        // Who has not come yet is being started; the coordinator has a deadline for that.
        if (each.reached != loader::stage::absent && each.reached != loader::stage::finished &&
            now - each.heard_ns > silence_ns) {
            lose(each, fmt::format("it has said nothing for {} s", silence_ns / 1'000'000'000));
        }
    }
    if (now - beaten_ns_ >= pulse_ns) {
        beaten_ns_ = now;
        tell_all({{"do", "alive"}});
    }
}

void roster::tell_all(const json& order) {
    for (const loader& each : all_) {
        if (each.is_there()) {
            tell(each, order);
        }
    }
}

bool roster::exchange_clocks(loader& with, clock_offset& into) {
    constexpr std::uint64_t patience_ns = 1'000'000'000;
    clock_answer_ns_ = 0;
    const std::uint64_t sent = load::now_ns();
    tell(with, {{"do", "clock"}, {"number", ++clock_number_}});
    while (clock_answer_ns_ == 0 && with.is_there()) {
        const auto said = others_.receive();
        const std::uint64_t received = load::now_ns();
        if (said) {
            take(*said);
        }
        if (clock_answer_ns_ != 0) {
            into.add(sent, clock_answer_ns_, received);
            return true;
        }
        if (received - sent > patience_ns) {
            return false;
        }
        ::sched_yield();
    }
    return false;
}

bool roster::have_reached(loader::stage wanted) const {
    return std::all_of(all_.begin(), all_.end(), [&](const loader& each) {
        return !each.is_there() || each.reached >= wanted;
    });
}

bool roster::is_anybody_there() const {
    return std::any_of(all_.begin(), all_.end(),
                       [](const loader& each) { return each.is_there(); });
}

const loader* roster::first_lost() const {
    const auto found =
        std::find_if(all_.begin(), all_.end(), [](const loader& each) { return !each.is_there(); });
    return found == all_.end() ? nullptr : &*found;
}

void roster::take(const message& said) {
    if (said.from == 0 || said.from > all_.size()) {
        return;
    }
    loader& from = all_[said.from - 1];
    from.heard_ns = clock_.now_ns();
    const auto what = said.body.at("say").get<std::string>();
    if (what == "hello") {
        from.host = said.body.at("host").get<std::string>();
        from.generator_pid = said.body.at("generator_pid").get<pid_t>();
        from.reached = loader::stage::present;
    } else if (what == "clock") {
        if (said.body.at("number").get<unsigned>() == clock_number_) {
            clock_answer_ns_ = said.body.at("at_ns").get<std::uint64_t>();
        }
    } else if (what == "alive") {
        if (said.body.at("is_stopped").get<bool>()) {
            lose(from, "its generator is stopped (SIGSTOP)");
        }
    } else if (what == "lost") {
        from.exit_status = said.body.at("exit_status").get<int>();
        lose(from, said.body.at("reason").get<std::string>());
    } else if (what == "event") {
        take_event(from, said.body.at("event"));
    }
}

void roster::take_event(loader& from, json event) {
    constexpr std::pair<std::string_view, loader::stage> stages[] = {
        {"connected", loader::stage::connected},
        {"measured", loader::stage::measured},
        {"result", loader::stage::finished}};
    const auto name = event.is_object() ? event.value("event", "") : "";
    const auto* const found = std::find_if(std::begin(stages), std::end(stages),
                                           [&](const auto& each) { return each.first == name; });
    if (found == std::end(stages)) {
        lose(from, "its generator said what nobody understands");
        return;
    }
    from.reached = found->second;
    if (name == "connected") {
        from.connections = event.at("connections").get<std::uint64_t>();
    } else if (name == "result") {
        from.result = std::move(event);
        from.lost.clear();  // it was taken for lost, and was only late
    }
}

void roster::lose(loader& which, const std::string& reason) {
    if (which.is_there() && which.reached != loader::stage::finished) {
        which.lost = reason;
    }
}

}  // namespace regatta::distributed
