#include "harness/cli/resume.hpp"

#include <algorithm>
#include <array>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/cli/verb.hpp"
#include "harness/failure.hpp"
#include "harness/measure/machine.hpp"
#include "harness/record/run_record.hpp"
#include "harness/server/trial.hpp"

namespace regatta::cli {
namespace {

/// Options that do not change what is measured.
bool is_free(const std::string& name) {
    constexpr std::array names{"--resume", "--quiet", "--dry-run"};
    return std::find(names.begin(), names.end(), name) != names.end();
}

void refuse_contradictions(const CLI::App& given, const CLI::App& began) {
    for (const CLI::Option* each : given.get_options()) {
        const std::string name = each->get_name();
        if (each->count() == 0 || is_free(name)) {
            continue;
        }
        const CLI::Option* then = began.get_option_no_throw(name);
        if (then == nullptr || then->results() != each->results()) {
            const bool was_given = then != nullptr && then->count() != 0;
            throw usage_failure(fmt::format(
                "{} {}: the run began {}; with --resume leave it out, as only --quiet and "
                "--dry-run may differ",
                name, fmt::join(each->results(), " "),
                was_given ? fmt::format("with {}", fmt::join(then->results(), " "))
                          : "without it"));
        }
    }
}

void go_to(const std::string& directory) {
    std::error_code error;
    if (!directory.empty()) {
        std::filesystem::current_path(directory, error);
    }
    if (error) {
        throw failure(fmt::format("cannot resume in {}, where the run began: {}", directory,
                                  error.message()));
    }
}

}  // namespace

resumption::resumption(const std::filesystem::path& file)
    : file_(std::filesystem::absolute(file)),
      writer_(record_writer::reopened(file)),
      before_(read_unfinished_run(file)) {}

run_options resumption::options(const CLI::App& command, const run_options& given) const {
    constexpr std::size_t program_and_verb = 2;
    CLI::App parser;
    parser.allow_extras();  // as main() has it
    run_options began;
    declare(parser, began);
    std::vector<std::string> words(before_.argv.rbegin(), before_.argv.rend());  // as CLI11 wants
    words.resize(words.size() - std::min(words.size(), program_and_verb));
    try {
        parser.parse(words);
    } catch (const CLI::ParseError& error) {
        throw failure(
            fmt::format("{}: this regatta does not know the options that the run began "
                        "with: {}",
                        file_.string(), error.what()));
    }
    refuse_contradictions(command, parser);
    go_to(before_.directory);
    began.seed = before_.seed;
    began.is_quiet = given.is_quiet;
    began.is_dry = given.is_dry;
    return began;
}

bool resumption::lacks(const std::string& benchmark) const {
    const auto done = before_.rounds_done.find(benchmark);
    return done == before_.rounds_done.end() || done->second < before_.rounds;
}

record_writer resumption::go_on(const nlohmann::json& head) {
    if (const auto difference = obstacle_to_resuming(before_.head, head)) {
        throw failure(
            fmt::format("{} cannot be resumed: {} has changed since the run began; run "
                        "it anew, into another file",
                        file_.string(), *difference));
    }
    writer_.cut_to(before_.kept_bytes);
    writer_.append("resume", {{"resumed_at", time_now()},
                              {"interrupted_at", before_.interrupted_at},
                              {"trials", before_.trials.size()},
                              {"argv", command_line()},
                              {"regatta", instrument_record()},
                              {"machine", machine_record()}});
    return std::move(writer_);
}

}  // namespace regatta::cli
