#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>

#include "harness/cli/plots_program.hpp"
#include "harness/cli/read_results.hpp"
#include "harness/cli/verb.hpp"
#include "harness/failure.hpp"
#include "harness/plan/suite.hpp"
#include "harness/record/claim_verdict.hpp"

namespace regatta::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* report_notes =
    R"(Writes DIR/report.html, which needs nothing beside it, DIR/report.md, and every figure as SVG
and PNG. They are made by plots/ in Python: the one in $REGATTA_PYTHON if that is set, else the one
that CMake found, python3 or /usr/bin/python3. Where none has matplotlib and numpy, the exit status
is 3; `regatta compare FILE` prints the tables without. Where the file holds a run of a suite that
states claims (regatta run claims), the page has their verdicts, and files of regatta memory beside
it judge those on memory.

Examples:
  regatta report mine.jsonl
  regatta report mine.jsonl memory.jsonl   # what run and memory measured, together
  regatta report mine.jsonl --out report --baseline thread --filter '^echo/')";

struct report_options {
    std::vector<std::string> files;
    std::string folder;
    std::string baseline;
    std::string filter;
    std::string claims;
};

/// The `run` record of a file; null where it has none. That alone is read: a file may be large, and
/// those who draw it tell what is wrong with it.
nlohmann::json run_of(const std::string& file) {
    try {
        record_reader records(file);
        const auto first = records.next();
        return first && first->at("record") == "run" ? *first : nlohmann::json();
    } catch (const failure&) {
        return {};
    }
}

/// The suite that `run` was of: the file that its command named, or the tree's of its name.
std::optional<fs::path> suite_of(const nlohmann::json& run) {
    const auto name = run.find("suite");
    if (!run.is_object() || name == run.end() || !name->is_string()) {
        return std::nullopt;
    }
    const auto directory = run.find("directory");
    const fs::path begin =
        directory != run.end() && directory->is_string() ? directory->get<std::string>() : "";
    for (const auto& word : run.value("argv", nlohmann::json::array())) {
        const fs::path path = begin / word.get<std::string>();
        if (path.extension() == ".toml" && fs::is_regular_file(path)) {
            return path;
        }
    }
    const auto found = find_suite(name->get<std::string>());
    return found && fs::is_regular_file(*found) ? found : std::nullopt;
}

/// What `suite` states today; a page without is better than none.
std::vector<claim> claims_in(const fs::path& suite) {
    try {
        return read_claims(suite);
    } catch (const failure& error) {
        fmt::print(stderr, "the page says nothing of claims: {}\n", error.what());
        return {};
    }
}

/// What the files say of the claims of the suite that the first is a run of; empty where it is of
/// none, it states none, or nothing of them was measured.
std::vector<claim_verdict> judge_own_claims(const std::vector<std::string>& names) {
    const auto suite = suite_of(run_of(names.front()));
    const std::vector<claim> claims = suite ? claims_in(*suite) : std::vector<claim>();
    if (claims.empty()) {
        return {};
    }
    std::vector<record_file> files;
    for (const std::string& name : names) {
        files.push_back(read_results(name));
    }
    std::vector<claim_verdict> verdicts = judge_claims(claims, files);
    const bool is_any_measured = std::any_of(
        verdicts.begin(), verdicts.end(),
        [](const claim_verdict& each) { return each.outcome != claim_outcome::not_measured; });
    return is_any_measured ? verdicts : std::vector<claim_verdict>();
}

/// Puts `text` into a file without a name that the program which this one becomes can open by the
/// path given.
std::string hand_over(const std::string& text) {
    const int descriptor = ::memfd_create("regatta-claims", 0);
    if (descriptor < 0) {
        throw failure(fmt::format("cannot hand the claims over: {}", std::strerror(errno)));
    }
    std::size_t written = 0;
    while (written < text.size()) {
        const ssize_t count = ::write(descriptor, text.data() + written, text.size() - written);
        if (count < 0) {
            throw failure(fmt::format("cannot hand the claims over: {}", std::strerror(errno)));
        }
        written += static_cast<std::size_t>(count);
    }
    return fmt::format("/proc/self/fd/{}", descriptor);
}

/// The file of claims that the page shows: the user's, else those judged here; empty without.
std::string claims_of(const report_options& options) {
    if (!options.claims.empty()) {
        return options.claims;
    }
    const std::vector<claim_verdict> verdicts = judge_own_claims(options.files);
    return verdicts.empty() ? "" : hand_over(to_json(verdicts).dump());
}

int report(const report_options& options) {
    const std::string folder =
        options.folder.empty()
            ? fs::path(options.files.front()).replace_extension().string() + "-report"
            : options.folder;
    const std::string claims = claims_of(options);
    std::vector<std::string> arguments{"report"};
    arguments.insert(arguments.end(), options.files.begin(), options.files.end());
    arguments.push_back("--out=" + folder);
    for (const auto& [option, value] :
         {std::pair{"--baseline=", &options.baseline}, std::pair{"--filter=", &options.filter},
          std::pair{"--claims=", &claims}}) {
        if (!value->empty()) {
            arguments.push_back(option + *value);
        }
    }
    return become_plots_program(arguments, "report");
}

const registered_verb report_verb("report", "a page with figures", [](CLI::App& command) {
    auto options = std::make_shared<report_options>();
    command.footer(report_notes);
    command.add_option("FILE", options->files, "results files of one machine, on one page")
        ->required();
    command
        .add_option("--out", options->folder,
                    "the report's folder, made if missing (FILE without its ending, -report)")
        ->type_name("DIR");
    command.add_option("--baseline", options->baseline,
                       "the runtime that others are compared with (epoll if it is there)");
    command.add_option("--filter", options->filter,
                       "benchmarks (workload/runtime/param:value) that match this expression");
    command.add_option("--claims", options->claims, "results of claims (JSON), for the page");
    return [options] { return report(*options); };
});

}  // namespace
}  // namespace regatta::cli
