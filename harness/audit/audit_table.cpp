#include "harness/audit/audit_table.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "harness/audit/tool.hpp"
#include "harness/record/format.hpp"

namespace regatta::audit {
namespace {

using nlohmann::json;

constexpr double ns_per_ms = 1e6;
// As the validity gates of trials have it (harness/README.md).
constexpr double foreign_share_max = 0.1;

std::string milliseconds(double ns) {
    return format::number(ns / ns_per_ms, ns < 10 * ns_per_ms ? 2 : 1);
}

std::string cell(const json& measured, const json& truth, const char* field) {
    const json value = measured.is_object() ? measured.value(field, json()) : json();
    if (!value.is_number()) {
        return std::string(format::absent);
    }
    const auto ns = value.get<double>();
    if (!truth.is_object()) {
        return milliseconds(ns);
    }
    const auto true_ns = truth.at(field).get<double>();
    const std::string error = true_ns < ns_per_ms
                                  ? fmt::format("{:+.2f} ms", (ns - true_ns) / ns_per_ms)
                                  : fmt::format("{:+.1f} %", 100 * (ns / true_ns - 1));
    return fmt::format("{} ({})", milliseconds(ns), error);
}

std::vector<std::string> truth_row(const json& audit, bool is_for_all) {
    std::vector<std::string> row{
        "*truth*", is_for_all ? "any" : audit.at("arrivals").get<std::string>(), "", ""};
    for (const auto& [fraction, field] : percentiles) {
        row.push_back(milliseconds(audit.at("truth").at(field).get<double>()));
    }
    return row;
}

std::vector<std::string> tool_row(const json& audit) {
    const double seconds = audit.at("measured_ns").get<double>() / 1e9;
    const auto requests = audit.at("requests").get<double>();
    std::vector<std::string> row{
        audit.at("tool").get<std::string>(), audit.at("arrivals").get<std::string>(),
        audit.at("latency_kind").get<std::string>(), format::number(requests / seconds, 0)};
    for (const auto& [fraction, field] : percentiles) {
        row.push_back(cell(audit.at("measured"), audit.at("truth"), field));
    }
    return row;
}

/// "tool (reason)" of the audits with this status, a tool with the same reason once.
std::string listing(const std::vector<json>& audits, const char* status) {
    std::set<std::string> seen;
    std::vector<std::string> entries;
    for (const json& audit : audits) {
        if (audit.at("status") == status) {
            std::string entry = fmt::format("{} ({})", audit.at("tool").get<std::string>(),
                                            audit.at("reasons").at(0).get<std::string>());
            if (seen.insert(entry).second) {
                entries.push_back(std::move(entry));
            }
        }
    }
    return entries.empty() ? "" : format::listing(entries);
}

void add_notes_of_chance(const std::vector<json>& audits, std::vector<std::string>& notes) {
    for (const json& audit : audits) {
        if (audit.at("status") != "ok" || audit.at("arrivals") != "poisson") {
            continue;
        }
        const server_model model = server_model_from_json(audit.at("server"));
        std::vector<std::string> parts;
        for (const auto& [fraction, field] : percentiles) {
            const auto chance =
                chance_ns(model, arrival_process::poisson, audit.at("rate_per_s").get<double>(),
                          audit.at("measured_ns").get<double>() / 1e9, fraction);
            if (chance) {
                parts.push_back(
                    fmt::format("{} ms at p{:g}", milliseconds(*chance), 100 * fraction));
            }
        }
        if (!parts.empty()) {
            notes.push_back(
                fmt::format("Poisson arrivals: so few meet the freezes that chance moves a "
                            "percentile by {} (one "
                            "standard deviation); a longer audit, by less.",
                            format::listing(parts)));
        }
    }
}

/// Of our generator, whose arrivals follow from the seed.
void add_notes_of_replays(const std::vector<json>& audits, std::vector<std::string>& notes) {
    for (const json& audit : audits) {
        if (audit.at("status") != "ok" || audit.at("tool") != "regatta-load") {
            continue;
        }
        for (const auto process : {arrival_process::poisson, arrival_process::constant}) {
            if (audit.at("arrivals") != name_of(process)) {
                continue;
            }
            const auto responses = replayed_responses_ns(
                server_model_from_json(audit.at("server")), process,
                audit.at("rate_per_s").get<double>(), audit.at("measured_ns").get<double>() / 1e9);
            std::vector<std::string> parts;
            for (const auto& [fraction, field] : percentiles) {
                const auto count = static_cast<double>(responses.size());
                if (count * (1 - fraction) >= 1) {
                    const auto rank = static_cast<std::size_t>(std::ceil(fraction * count));
                    parts.push_back(fmt::format("{} at p{:g}", milliseconds(responses[rank - 1]),
                                                100 * fraction));
                }
            }
            if (!parts.empty()) {
                notes.push_back(fmt::format(
                    "regatta-load, {} arrivals: the truth is that of an endless run; the very "
                    "arrivals and service times of this one make {} ms. What was measured beyond "
                    "that is no chance.",
                    name_of(process), format::listing(parts)));
            }
        }
    }
}

void add_notes_of_machine(const std::vector<json>& audits, std::vector<std::string>& notes) {
    const auto worst = [&audits](const char* field) {
        double largest = 0;
        for (const json& audit : audits) {
            if (audit.at(field).is_number()) {
                largest = std::max(largest, audit.at(field).get<double>());
            }
        }
        return largest;
    };
    notes.push_back(fmt::format(
        "The server itself was late by {} ms at p50 and {} ms at p99, in the worst of these "
        "audits.",
        milliseconds(worst("server_late_ns_p50")), milliseconds(worst("server_late_ns_p99"))));
    if (const double foreign = worst("foreign_cpu_share"); foreign > foreign_share_max) {
        notes.push_back(
            fmt::format("Other programs used up to {:.0f} % of the CPUs: part of the errors is "
                        "theirs; stop them and audit again.",
                        100 * foreign));
    }
}

}  // namespace

std::vector<std::vector<std::string>> table_rows(const std::vector<json>& audits) {
    std::vector<std::vector<std::string>> rows{
        {"tool", "arrivals", "time", "requests/s", "p50 ms", "p95 ms", "p99 ms", "p99.9 ms"}};
    std::set<std::string> truths;
    for (const json& audit : audits) {
        if (audit.at("truth").is_object()) {
            truths.insert(audit.at("truth").dump());
        }
    }
    const bool is_one_for_all = truths.size() == 1;
    for (const json& audit : audits) {
        if (audit.at("truth").is_object() && truths.erase(audit.at("truth").dump()) == 1) {
            rows.push_back(truth_row(audit, is_one_for_all));
        }
    }
    for (const json& audit : audits) {
        if (audit.at("status") == "ok") {
            rows.push_back(tool_row(audit));
        }
    }
    return rows;
}

std::vector<std::string> table_notes(const std::vector<json>& audits) {
    std::vector<std::string> notes;
    if (const std::string absent = listing(audits, "absent"); !absent.empty()) {
        notes.push_back("Absent: " + absent + ".");
    }
    if (const std::string failed = listing(audits, "failed"); !failed.empty()) {
        notes.push_back("Failed: " + failed + ".");
    }
    add_notes_of_chance(audits, notes);
    add_notes_of_replays(audits, notes);
    add_notes_of_machine(audits, notes);
    bool lacks_truth = false;
    std::uint64_t errors = 0;
    for (const json& audit : audits) {
        if (audit.at("status") == "ok") {
            lacks_truth = lacks_truth || audit.at("truth").is_null();
            errors += audit.at("error_count").get<std::uint64_t>();
        }
    }
    if (lacks_truth) {
        notes.push_back(
            "Without an error: a closed loop has no rate of its own, so this server's "
            "truth for it is unknown.");
    }
    if (errors != 0) {
        notes.push_back(
            fmt::format("{} requests ended in an error, and are in no percentile.", errors));
    }
    return notes;
}

}  // namespace regatta::audit
