#include "harness/load/protocol.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/load/clock.hpp"
#include "harness/load/failure.hpp"
#include "workloads/all.hpp"

namespace regatta::load {
namespace {

template <class Workload>
class exchange_protocol final : public client_protocol {
    using exchange_type = typename Workload::exchange;
    static_assert(exchange<exchange_type>);

public:
    explicit exchange_protocol(const params& values)
        : client_(values), shape_(load_shape_of<Workload>(values)) {}

    void append_request(std::uint64_t sequence, std::vector<std::byte>& out) const override {
        client_.append_request(sequence, out);
    }
    std::size_t reply_length(std::uint64_t sequence, bytes_view bytes) const override {
        return client_.reply_length(sequence, bytes);
    }
    bool is_right(std::uint64_t sequence, bytes_view reply) const override {
        return client_.is_right(sequence, reply);
    }
    bool sets_apart() const override { return regatta::sets_apart<exchange_type>; }
    bool is_set_apart(std::uint64_t sequence, bytes_view reply) const override {
        if constexpr (regatta::sets_apart<exchange_type>) {
            return client_.is_set_apart(sequence, reply);
        } else {
            return false;
        }
    }
    load_shape shape() const override { return shape_; }

private:
    exchange_type client_;
    load_shape shape_;
};

class slow_protocol final : public client_protocol {
public:
    slow_protocol(std::unique_ptr<client_protocol> protocol, std::uint64_t ns_per_request)
        : protocol_(std::move(protocol)), ns_per_request_(ns_per_request) {}

    void append_request(std::uint64_t sequence, std::vector<std::byte>& out) const override {
        const std::uint64_t end = now_ns() + ns_per_request_;
        protocol_->append_request(sequence, out);
        while (now_ns() < end) {
        }
    }
    std::size_t reply_length(std::uint64_t sequence, bytes_view bytes) const override {
        return protocol_->reply_length(sequence, bytes);
    }
    bool is_right(std::uint64_t sequence, bytes_view reply) const override {
        return protocol_->is_right(sequence, reply);
    }
    bool sets_apart() const override { return protocol_->sets_apart(); }
    bool is_set_apart(std::uint64_t sequence, bytes_view reply) const override {
        return protocol_->is_set_apart(sequence, reply);
    }
    load_shape shape() const override { return protocol_->shape(); }

private:
    std::unique_ptr<client_protocol> protocol_;
    std::uint64_t ns_per_request_;
};

struct workload_entry {
    std::string_view name;
    std::span<const parameter> parameters;
    std::unique_ptr<client_protocol> (*make)(const params&);
};

// Every workload that a client can exercise.
const std::vector<workload_entry>& server_workloads() {
    static const std::vector<workload_entry> entries = [] {
        std::vector<workload_entry> found;
        for_each_workload(all_workloads{}, [&]<class W>() {
            if constexpr (W::kind == workload_kind::server) {
                found.push_back({W::name, W::parameters,
                                 [](const params& values) -> std::unique_ptr<client_protocol> {
                                     return std::make_unique<exchange_protocol<W>>(values);
                                 }});
            }
        });
        return found;
    }();
    return entries;
}

const workload_entry& find_workload(const std::string& name) {
    std::string known;
    for (const workload_entry& entry : server_workloads()) {
        if (entry.name == name) {
            return entry;
        }
        known += fmt::format("{}{}", known.empty() ? "" : ", ", entry.name);
    }
    throw failure(failure::kind::usage, fmt::format("there is no server workload '{}'", name),
                  "one of " + known);
}

std::int64_t parse_value(const parameter& declared, const nlohmann::json& value) {
    if (value.is_string() && !declared.choices.empty()) {
        const auto found = std::find(declared.choices.begin(), declared.choices.end(),
                                     value.get_ref<const std::string&>());
        if (found == declared.choices.end()) {
            throw failure(failure::kind::usage,
                          fmt::format("{} has no choice {}", declared.name, value.dump()),
                          fmt::format("one of {}", fmt::join(declared.choices, ", ")));
        }
        return found - declared.choices.begin();
    }
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() || value.get<std::uint64_t>() <= INT64_MAX);
    const std::int64_t number = fits ? value.get<std::int64_t>() : 0;
    if (!fits || number < declared.minimum || number > declared.maximum) {
        throw failure(
            failure::kind::usage, fmt::format("{} cannot be {}", declared.name, value.dump()),
            fmt::format("a whole number from {} to {}{}{}", declared.minimum, declared.maximum,
                        declared.unit.empty() ? "" : " ", declared.unit));
    }
    return number;
}

}  // namespace

params parse_params(const std::string& workload, const nlohmann::json& object,
                    std::int64_t rounds_per_us) {
    const auto declared = find_workload(workload).parameters;
    params result;
    result.rounds_per_us = rounds_per_us;
    std::size_t used = 0;
    for (std::size_t i = 0; i < declared.size(); ++i) {
        const auto given = object.find(std::string(declared[i].name));
        const bool is_given = given != object.end();
        result.values[i] = is_given ? parse_value(declared[i], *given) : declared[i].fallback;
        used += is_given ? 1 : 0;
    }
    if (used == object.size()) {
        return result;
    }
    std::string known;
    for (const parameter& each : declared) {
        known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
    }
    for (auto given = object.begin(); given != object.end(); ++given) {
        if (std::none_of(declared.begin(), declared.end(),
                         [&](const parameter& each) { return each.name == given.key(); })) {
            throw failure(failure::kind::usage,
                          fmt::format("{} has no parameter '{}'", workload, given.key()),
                          "it has " + (known.empty() ? "none" : known));
        }
    }
    return result;
}

std::unique_ptr<client_protocol> make_client_protocol(const std::string& workload,
                                                      const params& values) {
    return find_workload(workload).make(values);
}

std::unique_ptr<client_protocol> make_slow(std::unique_ptr<client_protocol> protocol,
                                           std::uint64_t ns_per_request) {
    return std::make_unique<slow_protocol>(std::move(protocol), ns_per_request);
}

}  // namespace regatta::load
