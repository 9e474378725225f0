#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "harness/cli/read_results.hpp"
#include "harness/cli/verb.hpp"
#include "harness/plan/suite.hpp"
#include "harness/record/claim_verdict.hpp"
#include "harness/record/record_reader.hpp"

namespace regatta::cli {
namespace {

constexpr const char* claims_notes =
    R"(Holds the claims of a suite against results: confirmed, refuted, or cannot be told, with ratio
and interval. Memory per connection is measured by regatta memory: give its file too.
Exit status: 0, 1 when nothing of a claim was measured, 2 usage.

Examples:
  regatta run claims --out claims.jsonl && regatta claims claims.jsonl
  regatta claims claims.jsonl memory.jsonl --json)";

struct claims_options {
    std::vector<std::string> files;
    std::string suite = "claims";
    bool as_json = false;
};

int judge(const claims_options& options) {
    const auto path = find_suite(options.suite);
    if (!path) {
        throw usage_failure(fmt::format("--suite {}: there is no such suite", options.suite));
    }
    const std::vector<claim> claims = read_claims(*path);
    if (claims.empty()) {
        throw usage_failure(
            fmt::format("--suite {}: it states no claims ([[claim]])", options.suite));
    }
    std::vector<record_file> files;
    for (const std::string& file : options.files) {
        files.push_back(cli::read_results(file));
    }
    const std::vector<claim_verdict> verdicts = judge_claims(claims, files);
    if (options.as_json) {
        fmt::print("{}\n", to_json(verdicts).dump(2));
    } else {
        fmt::print("{}", render_claims(verdicts));
    }
    const bool is_any_measured = std::any_of(
        verdicts.begin(), verdicts.end(),
        [](const claim_verdict& each) { return each.outcome != claim_outcome::not_measured; });
    return is_any_measured ? 0 : 1;
}

const registered_verb claims_verb(
    "claims", "what people say, held against results", [](CLI::App& command) {
        auto options = std::make_shared<claims_options>();
        command.footer(claims_notes);
        command.add_option("FILE", options->files, "results files")->required();
        command.add_option("--suite", options->suite, "whose claims (default claims)")
            ->type_name("SUITE");
        command.add_flag("--json", options->as_json, "an array of objects instead of the table");
        return [options] { return judge(*options); };
    });

}  // namespace
}  // namespace regatta::cli
