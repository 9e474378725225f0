#include "harness/audit/server_model.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/failure.hpp"

namespace regatta::audit {
namespace {

constexpr std::pair<server_kind, const char*> names[] = {
    {server_kind::freeze, "freeze"}, {server_kind::fixed, "fixed"}, {server_kind::mm1, "mm1"}};

}  // namespace

std::string name_of(server_kind kind) {
    return std::find_if(std::begin(names), std::end(names),
                        [kind](const auto& each) { return each.first == kind; })
        ->second;
}

std::vector<std::string> server_kind_names() {
    std::vector<std::string> all;
    for (const auto& [kind, name] : names) {
        all.emplace_back(name);
    }
    return all;
}

server_kind server_kind_named(const std::string& name) {
    for (const auto& [kind, known] : names) {
        if (name == known) {
            return kind;
        }
    }
    throw failure(fmt::format("there is no server '{}'; choose from {}", name,
                              fmt::join(server_kind_names(), ", ")));
}

std::string describe(const server_model& model) {
    const auto ms = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e6; };
    if (model.kind == server_kind::mm1) {
        return fmt::format("one queue, exponential service of {:g} ms in the mean",
                           ms(model.service_ns_mean));
    }
    const std::string delay = fmt::format("{:g} ms delay", ms(model.delay_ns));
    return model.kind == server_kind::fixed
               ? delay
               : fmt::format("{}, frozen {:g} s in every {:g} s", delay, ms(model.freeze_ns) / 1e3,
                             ms(model.period_ns) / 1e3);
}

nlohmann::json to_json(const server_model& model) {
    const bool is_queue = model.kind == server_kind::mm1;
    const bool freezes = model.kind == server_kind::freeze;
    const auto where = [](bool applies, std::uint64_t value) {
        return applies ? nlohmann::json(value) : nlohmann::json();
    };
    return {{"kind", name_of(model.kind)},
            {"delay_ns", where(!is_queue, model.delay_ns)},
            {"freeze_ns", where(freezes, model.freeze_ns)},
            {"period_ns", where(freezes, model.period_ns)},
            {"service_ns_mean", where(is_queue, model.service_ns_mean)},
            {"seed", where(is_queue, model.seed)}};
}

server_model server_model_from_json(const nlohmann::json& object) {
    server_model model;
    model.kind = server_kind_named(object.at("kind").get<std::string>());
    const auto take = [&object](const char* name, std::uint64_t& value) {
        if (!object.at(name).is_null()) {
            value = object.at(name).get<std::uint64_t>();
        }
    };
    take("delay_ns", model.delay_ns);
    take("freeze_ns", model.freeze_ns);
    take("period_ns", model.period_ns);
    take("service_ns_mean", model.service_ns_mean);
    take("seed", model.seed);
    if (model.kind == server_kind::freeze && model.freeze_ns >= model.period_ns) {
        throw failure("a freeze is as long as its period: the server would never answer");
    }
    return model;
}

reply_times::reply_times(const server_model& model, std::uint64_t begin_ns)
    : model_(model), begin_ns_(begin_ns), random_(~model.seed) {}

std::uint64_t reply_times::due_ns(std::uint64_t arrival_ns) {
    if (model_.kind == server_kind::mm1) {
        free_ns_ = std::max(free_ns_, arrival_ns) + service_ns();
        return free_ns_;
    }
    const std::uint64_t due = arrival_ns + model_.delay_ns;
    return thaw_ns(due).value_or(due);
}

std::optional<std::uint64_t> reply_times::thaw_ns(std::uint64_t now_ns) const {
    if (model_.kind != server_kind::freeze) {
        return std::nullopt;
    }
    const std::uint64_t freeze_begin = (model_.period_ns - model_.freeze_ns) / 2;
    const std::uint64_t phase = (now_ns - begin_ns_) % model_.period_ns;
    if (phase < freeze_begin || phase >= freeze_begin + model_.freeze_ns) {
        return std::nullopt;
    }
    return now_ns - phase + freeze_begin + model_.freeze_ns;
}

std::uint64_t reply_times::service_ns() {
    // By inversion: the standard fixes the generator's output, not that of its distributions.
    const double uniform = static_cast<double>(random_() >> 11) * 0x1p-53;
    return static_cast<std::uint64_t>(-std::log1p(-uniform) *
                                      static_cast<double>(model_.service_ns_mean));
}

}  // namespace regatta::audit
