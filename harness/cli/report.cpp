#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/cli/plots_program.hpp"
#include "harness/cli/verb.hpp"

namespace regatta::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* report_notes =
    R"(Writes DIR/report.html, which needs nothing beside it, DIR/report.md, and every figure as SVG
and PNG. They are made by plots/ in Python: the one in $REGATTA_PYTHON if that is set, else the one
that CMake found, python3 or /usr/bin/python3. Where none has matplotlib and numpy, the exit status
is 3; `regatta compare FILE` prints the tables without.

Examples:
  regatta report mine.jsonl
  regatta report mine.jsonl --out report --baseline thread --filter '^echo/')";

struct report_options {
    std::string file;
    std::string folder;
    std::string baseline;
    std::string filter;
    std::string claims;
};

int report(const report_options& options) {
    const std::string folder = options.folder.empty()
                                   ? fs::path(options.file).replace_extension().string() + "-report"
                                   : options.folder;
    std::vector<std::string> arguments{"report", options.file, "--out=" + folder};
    for (const auto& [option, value] :
         {std::pair{"--baseline=", &options.baseline}, std::pair{"--filter=", &options.filter},
          std::pair{"--claims=", &options.claims}}) {
        if (!value->empty()) {
            arguments.push_back(option + *value);
        }
    }
    return become_plots_program(arguments, "report");
}

const registered_verb report_verb("report", "a page with figures", [](CLI::App& command) {
    auto options = std::make_shared<report_options>();
    command.footer(report_notes);
    command.add_option("FILE", options->file, "results file")->required();
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
