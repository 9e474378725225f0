#include "harness/record/memory_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

#include "harness/record/format.hpp"
#include "harness/record/markdown.hpp"
#include "harness/record/notes.hpp"
#include "harness/stats/line_fit.hpp"

namespace regatta {
namespace {

using nlohmann::json;

constexpr std::size_t counts_min = 3;

/// A part of the memory: its name in a verdict, and the fields of a reading that make it up.
struct part {
    const char* name;
    std::vector<const char*> fields;
};

const std::vector<part>& parts() {
    static const std::vector<part> all{
        {"user", {"pss_bytes"}},
        {"page_tables", {"page_table_bytes"}},
        {"kernel_stacks", {"kernel_stack_bytes"}},
        {"server", {"pss_bytes", "page_table_bytes", "kernel_stack_bytes"}},
        {"sockets", {"socket_bytes", "socket_buffer_bytes"}},
        {"cgroup", {"cgroup_bytes"}}};
    return all;
}

/// What is counted: "connections", or a job's "tasks".
std::string counted_by(const json& record) {
    return record.value("counted", "connections");
}

/// The same, for one of them.
std::string one_of(const json& record) {
    std::string word = counted_by(record);
    word.pop_back();
    return word;
}

std::string name_without_count(const json& record) {
    const auto name = record.at("benchmark").get<std::string>();
    const std::size_t at = name.find("/" + counted_by(record) + ":");
    const std::size_t end = std::min(name.find('/', at + 1), name.size());
    return at == std::string::npos ? name : name.substr(0, at) + name.substr(end);
}

/// The sum of a part's fields; nothing where one is null.
std::optional<double> bytes_of(const json& reading, const part& which) {
    double sum = 0;
    for (const char* field : which.fields) {
        const json& value = reading.at(field);
        if (!value.is_number()) {
            return std::nullopt;
        }
        sum += value.get<double>();
    }
    return sum;
}

/// The line through a part's bytes over connections; null where there is none.
json fit_of(const std::vector<const json*>& ok, const part& which) {
    std::vector<std::pair<double, double>> points;
    for (const json* record : ok) {
        if (const auto bytes = bytes_of(record->at("reading"), which)) {
            points.emplace_back(record->at("connections").get<double>(), *bytes);
        }
    }
    const auto line = stats::fit_line(points);
    if (!line) {
        return nullptr;
    }
    return {{"bytes_per_connection", line->slope},
            {"bytes_per_connection_low", line->slope_low},
            {"bytes_per_connection_high", line->slope_high},
            {"bytes_at_0", line->intercept}};
}

json verdict_of(const std::string& name, const std::vector<const json*>& records) {
    std::vector<const json*> ok;
    std::set<std::int64_t> counts;
    for (const json* record : records) {
        if (record->at("status") == "ok") {
            ok.push_back(record);
            counts.insert(record->at("connections").get<std::int64_t>());
        }
    }
    json fits = json::object();
    for (const part& each : parts()) {
        fits[each.name] = counts.size() < counts_min ? json() : fit_of(ok, each);
    }
    std::string sentence;
    if (counts.size() < counts_min) {
        sentence =
            fmt::format("No slope: only {} of the {} counts could be measured, and a line needs {}",
                        counts.size(), one_of(*records.front()), counts_min);
    } else {
        const json& server = fits.at("server").is_null() ? fits.at("user") : fits.at("server");
        sentence = fmt::format(
            "{:.2f} KiB per {}{}", server.at("bytes_per_connection").get<double>() / 1024,
            one_of(*records.front()), fits.at("server").is_null() ? " of user memory" : "");
    }
    return {{"kind", "memory"},
            {"benchmark", name},
            {"workload", records.front()->at("workload")},
            {"runtime", records.front()->at("runtime")},
            {"connections", counts},
            {"counted", counted_by(*records.front())},
            {"trials", ok.size()},
            {"trials_lost", records.size() - ok.size()},
            {"fits", std::move(fits)},
            {"sentence", std::move(sentence)}};
}

std::string kibibytes(const json& fit, const char* field) {
    return fit.is_null() ? std::string(format::absent)
                         : format::number(fit.at(field).get<double>() / 1024, 2);
}

std::string slope_cell(const json& fit) {
    return kibibytes(fit, "bytes_per_connection");
}

/// The interval, with words between so that a negative bound can be read.
std::string interval_cell(const json& fit) {
    return fit.is_null() ? std::string(format::absent)
                         : kibibytes(fit, "bytes_per_connection_low") + " to " +
                               kibibytes(fit, "bytes_per_connection_high");
}

/// "7.35 ± 0.02": the slope and half of its interval, for what others on the machine disturb.
std::string noisy_cell(const json& fit) {
    if (fit.is_null()) {
        return std::string(format::absent);
    }
    const double width = fit.at("bytes_per_connection_high").get<double>() -
                         fit.at("bytes_per_connection_low").get<double>();
    return slope_cell(fit) + " ± " + format::number(width / 2 / 1024, 2);
}

std::string base_cell(const json& fit) {
    return fit.is_null()
               ? std::string(format::absent)
               : fmt::format("{:.2f}", fit.at("bytes_at_0").get<double>() / (1024 * 1024));
}

/// "echo/epoll/size:64/workers:1" as what it shares with its rivals and what is the runtime's.
std::pair<std::string, std::string> split_name(const json& verdict) {
    const auto name = verdict.at("benchmark").get<std::string>();
    const auto runtime = verdict.at("runtime").get<std::string>();
    const std::size_t first = std::min(name.find('/'), name.size());
    const std::size_t rest = std::min(name.find('/', first + 1), name.size());
    const std::size_t workers = std::min(name.find("/workers:", rest), name.size());
    const std::size_t own =
        std::min(name.find('/', std::min(workers + 1, name.size())), name.size());
    return {name.substr(0, first) + name.substr(rest, own - rest), runtime + name.substr(own)};
}

constexpr const char* legend =
    "KiB for each idle connection or waiting task: the slope of a straight line through all "
    "trials, by least "
    "squares, with its 95 % interval (±: half of it). User: proportional set size. Kernel stacks: "
    "16 KiB a thread. "
    "Server: the sum of these three. Sockets: TCP sockets, inodes and files of both ends, counted "
    "over the whole machine, charged to no process. Cgroup: all that the cgroup of the server is "
    "charged with. It holds also what the other columns leave out (task structures, epoll entries, "
    "pending io_uring requests), and the harness, the generator and whatever else runs in it; page "
    "cache counts, the sockets of both ends count but for what the kernel allocates in interrupts, "
    "and charges come in batches of up to 64 pages a CPU: it is no sum of the other columns.";

}  // namespace

std::vector<json> memory_verdicts(const std::vector<json>& records) {
    std::map<std::string, std::vector<const json*>> by_name;
    std::vector<json> verdicts;
    try {
        for (const json& record : records) {
            by_name[name_without_count(record)].push_back(&record);
        }
        for (const auto& [name, own] : by_name) {
            verdicts.push_back(verdict_of(name, own));
        }
    } catch (const json::exception& error) {
        throw std::runtime_error(fmt::format("a memory record lacks something: {}", error.what()));
    }
    std::sort(verdicts.begin(), verdicts.end(), [](const json& a, const json& b) {
        const auto [a_group, a_label] = split_name(a);
        const auto [b_group, b_label] = split_name(b);
        if (a_group != b_group) {
            return format::natural_less(a_group, b_group);
        }
        const auto a_runtime = a.at("runtime").get<std::string>();
        const auto b_runtime = b.at("runtime").get<std::string>();
        return a_runtime != b_runtime ? format::runtime_less(a_runtime, b_runtime)
                                      : format::natural_less(a_label, b_label);
    });
    return verdicts;
}

std::string render_memory(const std::vector<json>& verdicts, const std::vector<json>& records) {
    using enum markdown_table::align;
    std::string text;
    for (std::size_t begin = 0; begin < verdicts.size();) {
        const std::string group = split_name(verdicts[begin]).first;
        markdown_table table({{"runtime", left},
                              {"user"},
                              {"page tables"},
                              {"kernel stacks"},
                              {"server"},
                              {"95 % interval"},
                              {"sockets"},
                              {"cgroup"},
                              {"server at 0, MiB"},
                              {"trials"}});
        std::size_t end = begin;
        for (; end < verdicts.size() && split_name(verdicts[end]).first == group; ++end) {
            const json& verdict = verdicts[end];
            const json& fits = verdict.at("fits");
            const auto trials = verdict.at("trials").get<std::size_t>();
            table.add({split_name(verdict).second, slope_cell(fits.at("user")),
                       slope_cell(fits.at("page_tables")), slope_cell(fits.at("kernel_stacks")),
                       slope_cell(fits.at("server")), interval_cell(fits.at("server")),
                       noisy_cell(fits.at("sockets")), noisy_cell(fits.at("cgroup")),
                       base_cell(fits.at("server")),
                       fmt::format("{}/{}", trials,
                                   trials + verdict.at("trials_lost").get<std::size_t>())});
        }
        text += fmt::format("### {} (idle; KiB per {})\n\n{}\n", group, one_of(verdicts[begin]),
                            table.text());
        begin = end;
    }
    const std::string notes = render_trial_notes(records);
    return text + (notes.empty() ? "" : notes + "\n") + legend + "\n";
}

}  // namespace regatta
