#include "harness/record/unfinished_run.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "harness/failure.hpp"
#include "harness/record/record_reader.hpp"

namespace regatta {
namespace {

using nlohmann::json;

/// What must be the same, and its name; the cause before what follows from it.
constexpr std::pair<const char*, const char*> conditions[] = {
    {"/regatta/sha256", "regatta itself"},
    {"/regatta/generator_sha256", "the load generator"},
    {"/machine/fingerprint", "the machine, or its kernel,"},
    {"/placement", "what CPUs it may use"},
};

constexpr std::pair<const char*, const char*> plan_conditions[] = {
    {"/suite", "the suite"},
    {"/filter", "the filter"},
    {"/rounds", "the suite's number of rounds"},
    {"/warmup_ns", "the suite's warm-up"},
    {"/measure_ns", "the suite's time to measure"},
};

json at(const json& record, const char* pointer) {
    return record.value(json::json_pointer(pointer), json());
}

template <std::size_t Count>
std::optional<std::string> first_difference(const std::pair<const char*, const char*> (&all)[Count],
                                            const json& before, const json& now) {
    for (const auto& [pointer, words] : all) {
        if (at(before, pointer) != at(now, pointer)) {
            return words;
        }
    }
    return std::nullopt;
}

std::optional<std::string> changed_runtime(const json& before, const json& now) {
    for (const json& old : before) {
        for (const json& each : now) {
            if (at(old, "/name") != at(each, "/name")) {
                continue;
            }
            const auto name = each.at("name").get<std::string>();
            if (at(old, "/sha256") != at(each, "/sha256")) {
                return fmt::format("the program of {}", name);
            }
            if (at(old, "/describe") != at(each, "/describe")) {
                return fmt::format("what the program of {} says of itself", name);
            }
        }
    }
    return std::nullopt;
}

/// The first benchmark of `all` that is not among `others`, or null.
json first_beyond(const json& all, const json& others) {
    for (const json& each : all) {
        if (std::find(others.begin(), others.end(), each) == others.end()) {
            return each;
        }
    }
    return nullptr;
}

std::optional<std::string> changed_benchmarks(const json& before, const json& now) {
    if (const json gone = first_beyond(before, now); gone.is_string()) {
        return fmt::format("the choice of benchmarks (now without {})", gone.get<std::string>());
    }
    if (const json added = first_beyond(now, before); added.is_string()) {
        return fmt::format("the choice of benchmarks (now with {})", added.get<std::string>());
    }
    return before == now ? std::nullopt : std::optional("the order of the benchmarks");
}

void take_head(unfinished_run& run, json record) {
    const auto verb = record.value("verb", std::string("?"));
    if (verb != "run") {
        throw failure(
            fmt::format("only what `regatta run` began can be resumed; this file is of "
                        "`regatta {}`",
                        verb));
    }
    run.run_id = record.at("run_id").get<std::string>();
    run.argv = record.at("argv").get<std::vector<std::string>>();
    if (const json directory = record.value("directory", json()); directory.is_string()) {
        run.directory = directory.get<std::string>();
    }
    run.rounds = record.at("rounds").get<std::uint64_t>();
    run.seed = record.at("seed").get<std::uint64_t>();
    run.rounds_per_us = record.at("calibration").at("rounds_per_us").get<std::int64_t>();
    run.head = std::move(record);
}

void take(unfinished_run& run, const std::string& kind, json record) {
    if (kind == "run") {
        take_head(run, std::move(record));
    } else if (kind == "trial") {
        const std::uint64_t rounds = is_repeated(record) ? 0 : 1;
        run.rounds_done[record.at("benchmark").get<std::string>()] += rounds;
        run.trials.push_back(std::move(record));
    } else if (kind == "end") {
        run.is_complete = !record.at("interrupted").get<bool>();
        run.interrupted_at = record.at("finished_at");
    }
}

}  // namespace

unfinished_run read_unfinished_run(const std::filesystem::path& file) {
    try {
        record_reader reader(file);
        unfinished_run run;
        bool has_ended = false;
        while (auto record = reader.next()) {
            if (reader.whole_bytes() == run.kept_bytes) {
                break;  // without its newline it may be cut within a number
            }
            const auto kind = record->at("record").get<std::string>();
            if (has_ended || (kind == "run") != run.head.is_null()) {
                throw failure(fmt::format("{}: is not the file of one run: it has a {} {}",
                                          file.string(), kind,
                                          has_ended ? "after its end" : "where none belongs"));
            }
            has_ended = kind == "end";
            take(run, kind, std::move(*record));
            run.kept_bytes = has_ended ? run.kept_bytes : reader.whole_bytes();
        }
        if (run.head.is_null()) {
            throw failure(fmt::format("{}: its first line was cut: nothing is known of the run",
                                      file.string()));
        }
        return run;
    } catch (const json::exception& error) {
        throw failure(
            fmt::format("{}: a record lacks what resuming needs: {}", file.string(), error.what()));
    }
}

bool is_repeated(const json& trial) {
    return trial.value("is_repeated", false);
}

std::optional<std::string> obstacle_to_resuming(const json& before, const json& now) {
    if (auto words = first_difference(conditions, before, now)) {
        return words;
    }
    if (auto words = changed_runtime(at(before, "/runtimes"), at(now, "/runtimes"))) {
        return words;
    }
    if (auto words = changed_benchmarks(at(before, "/benchmarks"), at(now, "/benchmarks"))) {
        return words;
    }
    return first_difference(plan_conditions, before, now);
}

}  // namespace regatta
