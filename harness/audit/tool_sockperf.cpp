#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "harness/audit/foreign_program.hpp"
#include "harness/plan/split.hpp"

namespace regatta::audit {
namespace {

/// sockperf prints few percentiles; its log has every request that was answered: number, time of
/// the send, time of the reply, round trip in microseconds.
class sockperf final : public load_tool {
public:
    std::string name() const override { return "sockperf"; }
    std::string package() const override { return "sockperf"; }
    std::optional<std::filesystem::path> program() const override {
        return find_program("sockperf");
    }
    std::vector<arrival_process> arrivals() const override { return {arrival_process::constant}; }

    tool_report run(arrival_process, const load_request& asked,
                    const running_server& server) const override {
        std::ofstream feed(asked.scratch / "feed");
        for (std::int64_t i = 0; i < asked.connections; ++i) {
            feed << fmt::format("T:127.0.0.1:{}\n", server.port);
        }
        feed.close();
        tool_report report;
        // A second more than is read: it leaves out 0.4 s at its beginning and 0.05 s at its end.
        report.command = {"sockperf",
                          "under-load",
                          "--file=feed",
                          "--iomux-type=epoll",
                          fmt::format("--time={}", asked.seconds + 1),
                          fmt::format("--mps={}", std::llround(asked.rate_per_s)),
                          "--reply-every=1",
                          "--msg-size=64",
                          "--full-rtt",
                          "--full-log=sockperf.csv"};
        report.latency_kind = "service";
        run_program(report.command, asked, server);
        read(asked, report);
        return report;
    }

private:
    static void read(const load_request& asked, tool_report& report) {
        std::ifstream stream(asked.scratch / "sockperf.csv");
        std::string line;
        while (std::getline(stream, line) && !line.starts_with("packet,")) {
            read_dropped(line, report);
        }
        if (!stream) {
            throw trial_failure("sockperf wrote no log of its requests");
        }
        histogram latency;
        std::optional<double> begin_s;
        while (std::getline(stream, line) && !line.starts_with('-')) {
            const auto fields = split(line, ',');
            if (fields.size() != 4) {
                throw trial_failure("sockperf's log has another form: " + excerpt(line));
            }
            const double sent_s = number_in(fields[1], "sockperf's log");
            begin_s = begin_s.value_or(sent_s);
            if (sent_s - *begin_s < static_cast<double>(asked.seconds)) {
                ++report.requests;
                latency.record(static_cast<std::uint64_t>(
                    std::llround(number_in(fields[3], "sockperf's log") * 1e3)));
            }
        }
        set_latency(report, std::move(latency));
    }

    /// "# dropped messages = 3; # duplicated ...": requests without a reply.
    static void read_dropped(const std::string& line, tool_report& report) {
        constexpr std::string_view words = "dropped messages = ";
        if (const std::size_t at = line.find(words); at != line.npos) {
            const std::string rest = line.substr(at + words.size());
            report.errors = static_cast<std::uint64_t>(
                number_in(rest.substr(0, rest.find(';')), "sockperf's log"));
        }
    }
};

}  // namespace

std::unique_ptr<load_tool> make_sockperf() {
    return std::make_unique<sockperf>();
}

}  // namespace regatta::audit
