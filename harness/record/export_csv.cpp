#include <set>

#include <fmt/format.h>

#include "harness/record/export.hpp"

/// One row a trial, valid or not. A column's name is the field's place in the record
/// (results/FORMAT.md); what is null or absent is an empty cell. Quoting as in RFC 4180.
namespace regatta {
namespace {

using nlohmann::json;

// The fields of a trial that are one value, in their order there.
constexpr const char* trial_fields[] = {
    "trial",       "round",     "attempt",      "benchmark",     "workload",   "runtime",
    "kind",        "status",    "reasons",      "warnings",      "started_at", "mode",
    "measured_ns", "warmup_ns", "latency_kind", "ceiling_per_s", "saturation", "foreign_cpu_share",
    "steal_share", "answer"};

std::string quoted(std::string text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) {
        return text;
    }
    for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2) {
        text.insert(at, 1, '"');
    }
    return '"' + text + '"';
}

std::string cell_of(const json& value) {
    if (value.is_null()) {
        return "";
    }
    if (value.is_string()) {
        return quoted(value.get<std::string>());
    }
    if (value.is_array()) {  // sentences
        std::string all;
        for (const json& each : value) {
            all += (all.empty() ? "" : "; ") +
                   (each.is_string() ? each.get<std::string>() : each.dump());
        }
        return quoted(all);
    }
    return quoted(value.dump());
}

const json& member(const json& object, const std::string& name) {
    static const json absent;
    const auto found = object.is_object() ? object.find(name) : object.end();
    return found != object.end() ? *found : absent;
}

std::set<std::string> names_in(const std::vector<json>& trials, const char* group) {
    std::set<std::string> names;
    for (const json& trial : trials) {
        for (const auto& [name, value] : member(trial, group).items()) {
            names.insert(name);
        }
    }
    return names;
}

std::string write_csv(const export_source& source) {
    const auto params = names_in(source.trials, "params");
    const auto metrics = names_in(source.trials, "metrics");
    std::string text = fmt::format("run_id,{}", fmt::join(trial_fields, ","));
    for (const std::string& name : params) {
        text += "," + quoted("params." + name);
    }
    for (const std::string& name : metrics) {
        text += "," + quoted("metrics." + name);
    }
    text += "\r\n";
    for (const json& trial : source.trials) {
        text += cell_of(member(source.run, "run_id"));
        for (const char* field : trial_fields) {
            text += "," + cell_of(member(trial, field));
        }
        for (const std::string& name : params) {
            text += "," + cell_of(member(member(trial, "params"), name));
        }
        for (const std::string& name : metrics) {
            text += "," + cell_of(member(member(trial, "metrics"), name));
        }
        text += "\r\n";
    }
    return text;
}

const registered_format csv_format({"csv", "csv", "one row a trial: every parameter and metric",
                                    false, false, write_csv});

}  // namespace
}  // namespace regatta
