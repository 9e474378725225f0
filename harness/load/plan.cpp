#include "harness/load/plan.hpp"

#include <sched.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/load/failure.hpp"
#include "harness/load/protocol.hpp"

namespace regatta::load {
namespace {

using nlohmann::json;

constexpr std::int64_t hour_ns = 3'600'000'000'000;
constexpr std::int64_t intervals_max = 100'000;

[[noreturn]] void refuse(std::string_view field, const std::string& found,
                         const std::string& wanted) {
    throw failure(failure::kind::usage, fmt::format("plan: {} cannot be {}", field, found), wanted);
}

std::int64_t whole_number(const json& value, std::string_view field, std::int64_t minimum,
                          std::int64_t maximum) {
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() || value.get<std::uint64_t>() <= INT64_MAX);
    if (!fits || value.get<std::int64_t>() < minimum || value.get<std::int64_t>() > maximum) {
        refuse(field, value.dump(), fmt::format("a whole number from {} to {}", minimum, maximum));
    }
    return value.get<std::int64_t>();
}

// Takes the fields out of a plan's object; a field that is missing or null keeps its default.
class plan_reader {
public:
    explicit plan_reader(const json& object) : object_(object) {}

    template <class Number>
    void read(std::string_view field, Number& into, std::int64_t minimum, std::int64_t maximum) {
        if (const json* value = find(field)) {
            into = static_cast<Number>(whole_number(*value, field, minimum, maximum));
        }
    }
    void read(std::string_view field, std::string& into) {
        if (const json* value = find(field)) {
            if (!value->is_string()) {
                refuse(field, value->dump(), "a string");
            }
            into = value->get<std::string>();
        }
    }
    void read_choice(std::string_view field, std::string& into,
                     std::initializer_list<std::string_view> choices) {
        read(field, into);
        if (std::find(choices.begin(), choices.end(), into) == choices.end()) {
            refuse(field, '"' + into + '"', fmt::format("one of {}", fmt::join(choices, ", ")));
        }
    }
    void require(std::string_view field) const {
        if (find(field) == nullptr) {
            throw failure(failure::kind::usage, fmt::format("plan: {} is missing", field));
        }
    }
    const json* find(std::string_view field) const {
        const auto found = object_.find(std::string(field));
        return found == object_.end() || found->is_null() ? nullptr : &*found;
    }

private:
    const json& object_;
};

void read_params(plan_reader& reader, load_plan& plan) {
    std::int64_t rounds_per_us = 1;
    reader.read("rounds_per_us", rounds_per_us, 1, 1'000'000'000);
    const json none = json::object();
    const json* given = reader.find("params");
    if (given != nullptr && !given->is_object()) {
        refuse("params", given->dump(), "an object of names and values");
    }
    plan.values = parse_params(plan.workload, given == nullptr ? none : *given, rounds_per_us);
}

void read_cpus(plan_reader& reader, load_plan& plan) {
    const json* given = reader.find("cpus");
    if (given == nullptr) {
        return;
    }
    if (!given->is_array()) {
        refuse("cpus", given->dump(), "an array of CPU numbers");
    }
    for (const json& cpu : *given) {
        plan.cpus.push_back(static_cast<int>(whole_number(cpu, "cpus", 0, CPU_SETSIZE - 1)));
    }
}

}  // namespace

load_plan parse_plan(const std::string& line) {
    const json object = json::parse(line, nullptr, false);
    if (!object.is_object()) {
        throw failure(failure::kind::usage, "the plan is not an object of JSON",
                      "one line, as in harness/load/README.md");
    }
    plan_reader reader(object);
    for (const auto field : {"workload", "port", "connections", "measure_ns"}) {
        reader.require(field);
    }
    load_plan plan;
    reader.read("workload", plan.workload);
    read_params(reader, plan);
    reader.read("address", plan.address);
    reader.read("port", plan.port, 1, 65535);
    reader.read("connections", plan.connections, 1, 1'000'000);
    reader.read("depth", plan.depth, 1, 65'536);
    reader.read_choice("mode", plan.mode, {"closed"});
    reader.read_choice("engine", plan.engine, {"io_uring", "epoll"});
    reader.read("warmup_ns", plan.warmup_ns, 0, hour_ns);
    reader.read("measure_ns", plan.measure_ns, 1, hour_ns);
    reader.read("drain_ns", plan.drain_ns, 0, hour_ns);
    reader.read("connect_ns", plan.connect_ns, 1, hour_ns);
    const auto measure_ns = static_cast<std::int64_t>(plan.measure_ns);
    reader.read("interval_ns", plan.interval_ns, measure_ns / intervals_max + 1, hour_ns);
    reader.read("seed", plan.seed, 0, INT64_MAX);
    if (reader.find("server_pid") != nullptr) {
        plan.server_pid.emplace();
        reader.read("server_pid", *plan.server_pid, 1, INT32_MAX);
    }
    read_cpus(reader, plan);
    return plan;
}

}  // namespace regatta::load
