#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include <fmt/format.h>

#include "harness/cli/verb.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/record/record_reader.hpp"
#include "harness/record/report.hpp"
#include "harness/server/child_process.hpp"
#include "plots/python.hpp"

namespace regatta::cli {
namespace {

namespace fs = std::filesystem;

constexpr int status_lacks_python = 3;

constexpr const char* notes =
    R"(Writes DIR/report.md, and the figures as SVG and PNG beside it. Figures need a Python with
matplotlib and numpy: $REGATTA_PYTHON if set, else the one that CMake found, python3 or
/usr/bin/python3. Where there is none, the report has no figures and the exit status is 3.

Examples:
  regatta report mine.jsonl --out report)";

struct report_options {
    std::string file;
    std::string folder;
};

struct ended_program {
    bool is_success = false;
    std::vector<std::string> lines;  ///< of its standard output
    std::string error;               ///< last line of its standard error
};

ended_program run_to_end(const std::vector<std::string>& command, const fs::path& folder = {}) {
    constexpr std::chrono::minutes patience{10};
    child_process child({command, folder, {}});
    child.close_input();
    const auto result = wait_until({&child}, clock_type::now() + patience, false,
                                   [&child] { return child.has_ended(); });
    ended_program ended;
    while (auto line = child.next_line()) {
        ended.lines.push_back(std::move(*line));
    }
    if (result == wait_result::deadline) {
        child.kill();
        ended.error = "it took more than ten minutes and was stopped";
        return ended;
    }
    ended.is_success = child.ending().is_success();
    ended.error = child.last_error_line();
    return ended;
}

bool can_draw(const std::string& python) {
    try {
        return run_to_end({python, "-c", "import matplotlib, numpy"}).is_success;
    } catch (const failure&) {
        return false;  // there is no such program
    }
}

/// The interpreter that the user names, or the first that can draw; empty when there is none.
std::string find_python(const char* named) {
    const std::vector<std::string> candidates =
        named != nullptr
            ? std::vector<std::string>{named}
            : std::vector<std::string>{configured_python, "python3", "/usr/bin/python3"};
    for (const std::string& candidate : candidates) {
        if (!candidate.empty() && can_draw(candidate)) {
            return candidate;
        }
    }
    return {};
}

/// Draws all figures into `folder`; returns the exit status, 0 when that went well.
int draw_figures(const fs::path& file, const fs::path& folder, report_figures& figures) {
    const fs::path package = source_folder() / "plots";
    if (!fs::exists(package / "regatta_plots")) {
        figures.notes.push_back("no figures: the source tree's folder plots/ is gone");
        return 1;
    }
    const char* named = std::getenv("REGATTA_PYTHON");
    const std::string python = find_python(named);
    if (python.empty()) {
        figures.notes.push_back(
            named != nullptr
                ? fmt::format("no figures: REGATTA_PYTHON={} has no matplotlib and numpy", named)
                : "no figures: no python3 has matplotlib and numpy; install python3-matplotlib, or "
                  "name an interpreter in REGATTA_PYTHON");
        return status_lacks_python;
    }
    const ended_program drawn =
        run_to_end({python, "-m", "regatta_plots", "all", fs::absolute(file).string(), "--out",
                    fs::absolute(folder).string()},
                   package);
    for (const std::string& line : drawn.lines) {
        const fs::path path = line;
        if (path.extension() == ".svg" || path.extension() == ".png") {
            figures.files.push_back(path.filename().string());
        } else {
            figures.notes.push_back(line);
        }
    }
    if (!drawn.is_success) {
        figures.notes.push_back("figures missing: " + drawn.error);
        return 1;
    }
    return 0;
}

void write_file(const fs::path& path, const std::string& text) {
    std::ofstream stream(path, std::ios::binary);
    stream << text;
    stream.close();
    if (!stream) {
        throw failure(fmt::format("cannot write {}: is the folder writable and the disk not full?",
                                  path.string()));
    }
}

int report(const report_options& options) {
    const record_file results = read_record_file(options.file);
    if (results.truncated) {
        fmt::print(stderr, "{}: truncated: its run did not end; going on with {} trials\n",
                   options.file, results.trials.size());
    }
    const fs::path folder = options.folder;
    std::error_code error;
    fs::create_directories(folder, error);
    if (!fs::is_directory(folder)) {
        throw failure(fmt::format("--out {}: cannot make this folder: {}", options.folder,
                                  error ? error.message() : "a file with this name is in the way"));
    }
    report_figures figures;
    const int status = draw_figures(options.file, folder, figures);
    report_figures embedded = figures;
    std::erase_if(embedded.files, [](const fs::path& path) { return path.extension() != ".svg"; });
    try {
        write_file(folder / "report.md",
                   render_report(results, fs::path(options.file).filename().string(), embedded));
    } catch (const failure&) {
        throw;
    } catch (const std::runtime_error& reason) {
        throw failure(fmt::format("{}: {}", options.file, reason.what()));
    }
    fmt::print("{}\n", (folder / "report.md").string());
    for (const std::string& file : figures.files) {
        fmt::print("{}\n", (folder / file).string());
    }
    for (const std::string& note : figures.notes) {
        fmt::print(stderr, "{}\n", note);
    }
    return status;
}

const registered_verb verb("report", "a Markdown report with figures", [](CLI::App& command) {
    auto options = std::make_shared<report_options>();
    command.footer(notes);
    command.add_option("FILE", options->file, "results file")->required();
    command.add_option("--out", options->folder, "where the report goes; made when missing")
        ->required()
        ->type_name("DIR");
    return [options] { return report(*options); };
});

}  // namespace
}  // namespace regatta::cli
