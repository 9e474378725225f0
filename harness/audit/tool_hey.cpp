#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/audit/foreign_program.hpp"
#include "harness/plan/split.hpp"

namespace regatta::audit {
namespace {

std::size_t column(const std::vector<std::string>& header, const std::string& name) {
    const auto found = std::find(header.begin(), header.end(), name);
    if (found == header.end()) {
        throw trial_failure(fmt::format("hey's output has no column '{}'", name));
    }
    return static_cast<std::size_t>(found - header.begin());
}

/// hey prints p99 at most; as CSV it has every request that was answered, in steps of 0.1 ms.
class hey final : public load_tool {
public:
    std::string name() const override { return "hey"; }
    std::string package() const override { return "hey"; }
    std::optional<std::filesystem::path> program() const override { return find_program("hey"); }
    std::vector<arrival_process> arrivals() const override {
        return {arrival_process::paced, arrival_process::closed};
    }

    tool_report run(arrival_process process, const load_request& asked,
                    const running_server& server) const override {
        tool_report report;
        report.command = {"hey",
                          "-c",
                          fmt::format("{}", asked.connections),
                          "-z",
                          fmt::format("{}s", asked.seconds),
                          "-t",
                          "30",
                          "-o",
                          "csv"};
        if (process == arrival_process::paced) {
            report.command.push_back("-q");
            report.command.push_back(
                fmt::format("{:.6g}", asked.rate_per_s / static_cast<double>(asked.connections)));
        }
        report.command.push_back(url_of(server));
        report.latency_kind = "service";
        read(run_program(report.command, asked, server), report);
        return report;
    }

private:
    static void read(const std::vector<std::string>& lines, tool_report& report) {
        if (lines.empty()) {
            throw trial_failure("hey printed nothing: not one request was answered");
        }
        const auto header = split(lines.front(), ',');
        const std::size_t seconds = column(header, "response-time");
        const std::size_t status = column(header, "status-code");
        histogram latency;
        for (std::size_t i = 1; i < lines.size(); ++i) {
            const auto cells = split(lines[i], ',');
            if (cells.size() <= std::max(seconds, status)) {
                continue;  // what hey says behind its rows
            }
            ++report.requests;
            if (cells[status] != "200") {
                ++report.errors;
                continue;
            }
            latency.record(static_cast<std::uint64_t>(
                std::llround(number_in(cells[seconds], "hey's output") * 1e9)));
        }
        set_latency(report, std::move(latency));
    }
};

}  // namespace

std::unique_ptr<load_tool> make_hey() {
    return std::make_unique<hey>();
}

}  // namespace regatta::audit
