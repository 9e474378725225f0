#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "harness/audit/foreign_program.hpp"
#include "harness/plan/split.hpp"

namespace regatta::audit {
namespace {

/// h2load prints no percentiles; its log has every request: start, HTTP status, microseconds.
class h2load final : public load_tool {
public:
    std::string name() const override { return "h2load"; }
    std::string package() const override { return "nghttp2-client"; }
    std::optional<std::filesystem::path> program() const override { return find_program("h2load"); }
    std::vector<arrival_process> arrivals() const override {
        return {arrival_process::paced, arrival_process::closed};
    }

    tool_report run(arrival_process process, const load_request& asked,
                    const running_server& server) const override {
        const auto log = asked.scratch / "h2load.tsv";
        tool_report report;
        report.command = {"h2load",
                          "--h1",
                          "--threads=1",
                          fmt::format("--clients={}", asked.connections),
                          fmt::format("--duration={}", asked.seconds),
                          "--log-file=h2load.tsv"};
        if (process == arrival_process::paced) {
            report.command.push_back(fmt::format(
                "--rps={:.6g}", asked.rate_per_s / static_cast<double>(asked.connections)));
        }
        report.command.push_back(url_of(server));
        report.latency_kind = "service";
        std::error_code none_is_there;
        std::filesystem::remove(log, none_is_there);  // h2load appends
        run_program(report.command, asked, server);
        read(log, report);
        return report;
    }

private:
    static void read(const std::filesystem::path& log, tool_report& report) {
        std::ifstream stream(log);
        if (!stream) {
            throw trial_failure("h2load wrote no log");
        }
        histogram latency;
        for (std::string line; std::getline(stream, line);) {
            const auto fields = split(line, '\t');
            if (fields.size() < 3) {
                throw trial_failure("h2load's log has another form: " + excerpt(line));
            }
            ++report.requests;
            if (fields[1] != "200") {
                ++report.errors;
                continue;
            }
            latency.record(static_cast<std::uint64_t>(
                std::llround(number_in(fields[2], "h2load's log") * 1e3)));
        }
        set_latency(report, std::move(latency));
    }
};

}  // namespace

std::unique_ptr<load_tool> make_h2load() {
    return std::make_unique<h2load>();
}

}  // namespace regatta::audit
