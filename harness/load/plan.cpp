#include "harness/load/plan.hpp"

#include <sched.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/load/endpoint.hpp"
#include "harness/load/failure.hpp"
#include "harness/load/protocol.hpp"

namespace regatta::load {
namespace {

using nlohmann::json;

constexpr std::int64_t hour_ns = 3'600'000'000'000;
constexpr std::int64_t intervals_max = 100'000;
constexpr std::int64_t ranks_max = 10'000;

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

void read_source_addresses(plan_reader& reader, load_plan& plan) {
    const json* given = reader.find("source_addresses");
    if (given == nullptr) {
        return;
    }
    const bool are_texts =
        given->is_array() && std::all_of(given->begin(), given->end(),
                                         [](const json& each) { return each.is_string(); });
    if (!are_texts) {
        refuse("source_addresses", given->dump(), "an array of addresses");
    }
    plan.source_addresses = given->get<std::vector<std::string>>();
}

void read_ranks(plan_reader& reader, load_plan& plan) {
    reader.read("ranks", plan.ranks, 1, ranks_max);
    reader.read("rank", plan.rank, 0, plan.ranks - 1);
    if (plan.connections < plan.ranks) {
        refuse("connections", std::to_string(plan.connections),
               fmt::format("{} or more: one for each rank", plan.ranks));
    }
}

double read_rate(const json& value, double minimum) {
    constexpr double maximum = 1e8;
    if (!value.is_number() || value.get<double>() < minimum || value.get<double>() > maximum) {
        refuse("rate_per_s", value.dump(),
               fmt::format("a number of requests a second up to {:.0f}", maximum));
    }
    return value.get<double>();
}

// `rate_per_s`, or `steps`: [{"duration_ns":..., "rate_per_s":...}, ...].
void read_rates(plan_reader& reader, load_plan& plan) {
    constexpr double slowest_per_s = 1e-3;
    const json* steps = reader.find("steps");
    if (steps == nullptr) {
        reader.require("rate_per_s");
        plan.steps = {{hour_ns, read_rate(*reader.find("rate_per_s"), slowest_per_s)}};
        return;
    }
    const std::string wanted = R"(a list of {"duration_ns":..., "rate_per_s":...})";
    if (!steps->is_array()) {
        refuse("steps", steps->dump(), wanted);
    }
    double rate_max = 0;
    for (const json& step : *steps) {
        if (!step.contains("duration_ns") || !step.contains("rate_per_s")) {
            refuse("steps", steps->dump(), wanted);
        }
        const std::int64_t duration =
            whole_number(step.at("duration_ns"), "duration_ns", 1'000'000, hour_ns);
        plan.steps.push_back(
            {static_cast<std::uint64_t>(duration), read_rate(step.at("rate_per_s"), 0)});
        rate_max = std::max(rate_max, plan.steps.back().rate_per_s);
    }
    if (rate_max < slowest_per_s) {
        refuse("steps", steps->dump(), "at least one rate above 0");
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
    reader.read("port", plan.port, plan.address.starts_with(unix_prefix) ? 0 : 1, 65535);
    reader.read("connections", plan.connections, 1, 100'000'000);
    reader.read("depth", plan.depth, 1, 65'536);
    reader.read_choice("mode", plan.mode, {"closed", "open"});
    if (plan.mode == "open") {
        read_rates(reader, plan);
        reader.read_choice("arrivals", plan.arrivals, {"poisson", "constant"});
        reader.read("spin_ns", plan.spin_ns, 0, 1'000'000'000);
    }
    reader.read_choice("engine", plan.engine, {"io_uring", "epoll"});
    reader.read("threads", plan.threads, 1, 1024);
    reader.read("slow_ns_per_request", plan.slow_ns_per_request, 0, 1'000'000'000);
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
    read_ranks(reader, plan);
    read_source_addresses(reader, plan);
    return plan;
}

}  // namespace regatta::load
