#include "harness/record/history.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "harness/plan/filter.hpp"
#include "harness/record/one_build.hpp"
#include "harness/record/record_writer.hpp"
#include "harness/record/summary.hpp"

namespace regatta {
namespace {

using nlohmann::json;

constexpr const char* kept_metrics[] = {
    "throughput_per_s",     "latency_ns_p50",    "latency_ns_p99", "latency_ns_p999",
    "server_cpu_ns_per_op", "cpu_set_ns_per_op", "pss_bytes_peak"};

json part_of_run(const json& run, const char* object, const char* field) {
    return run.value(object, json::object()).value(field, json());
}

json metrics_kept(const benchmark_summary& summary) {
    json metrics = json::object();
    for (const char* metric : kept_metrics) {
        const stats::estimate found = summary.over_trials(metric);
        if (found.median) {
            metrics[metric] = {{"median", *found.median},
                               {"low", found.range ? json(found.range->low) : json()},
                               {"high", found.range ? json(found.range->high) : json()},
                               {"trials", found.trials}};
        }
    }
    return metrics;
}

[[noreturn]] void refuse_file(const std::filesystem::path& file, const char* verb) {
    throw failure(fmt::format("cannot {} {}: {}", verb, file.string(), std::strerror(errno)));
}

/// The history's file, open, and for this program alone as long as it lives.
class locked_file {
public:
    explicit locked_file(const std::filesystem::path& file) : file_(file) {
        std::error_code ignored;  // open() reports what matters
        if (file.has_parent_path()) {
            std::filesystem::create_directories(file.parent_path(), ignored);
        }
        descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (descriptor_ < 0) {
            refuse_file(file_, "write");
        }
        int locked;
        do {
            locked = ::flock(descriptor_, LOCK_EX);
        } while (locked != 0 && errno == EINTR);
        if (locked != 0) {
            const int reason = errno;
            ::close(descriptor_);
            errno = reason;
            refuse_file(file_, "lock");
        }
    }
    ~locked_file() { ::close(descriptor_); }
    locked_file(const locked_file&) = delete;
    locked_file& operator=(const locked_file&) = delete;

    bool is_empty() const { return size() == 0; }

    /// Appends `text`, on a line of its own even where the last one was cut short; all or nothing.
    void append(std::string text) {
        const off_t before = size();
        char last = '\n';
        if (before != 0 && ::pread(descriptor_, &last, 1, before - 1) != 1) {
            refuse_file(file_, "read");
        }
        text = (last == '\n' ? "" : "\n") + text + "\n";
        for (std::string_view rest = text; !rest.empty();) {
            const ssize_t count = ::write(descriptor_, rest.data(), rest.size());
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count < 0) {
                const int reason = errno;
                if (::ftruncate(descriptor_, before) != 0) {
                    // The torn line stays; readers leave it out and say so.
                }
                errno = reason;
                refuse_file(file_, "write");
            }
            rest.remove_prefix(static_cast<std::size_t>(count));
        }
        if (::fdatasync(descriptor_) != 0 && errno != EINVAL && errno != EROFS) {
            refuse_file(file_, "flush");
        }
    }

private:
    off_t size() const {
        struct stat now {};
        if (::fstat(descriptor_, &now) != 0) {
            refuse_file(file_, "read");
        }
        return now.st_size;
    }

    std::filesystem::path file_;
    int descriptor_ = -1;
};

/// Machine, placement, the metric's place among those asked for, and benchmark.
using series_key = std::tuple<std::string, std::string, std::size_t, std::string>;

history_series::point point_of(const json& entry, const json& value) {
    const auto bound = [&value](const char* name) {
        const json& found = value.at(name);
        return found.is_null() ? std::nullopt : std::optional(found.get<double>());
    };
    const auto text = [&entry](const char* name) {
        const json found = entry.value(name, json());
        return found.is_string() ? found.get<std::string>() : std::string();
    };
    return {entry.at("run_id"), entry.at("started_at"), text("commit"),     text("compiler"),
            text("cpu_model"),  text("kernel"),         value.at("trials"), value.at("median"),
            bound("low"),       bound("high")};
}

}  // namespace

json history_entry(const record_file& file) {
    if (!file.run.is_object()) {
        throw failure("it has no run record");
    }
    require_one_build(file);
    const json& run = file.run;
    json benchmarks = json::object();
    for (const benchmark_summary& each : summarise_trials(file.trials)) {
        if (each.ok != 0) {
            benchmarks[each.benchmark] = metrics_kept(each);
        }
    }
    if (benchmarks.empty()) {
        throw failure("it has no valid trial");
    }
    json entry{{"record", "history"},
               {"schema", record_schema},
               {"run_id", run.at("run_id")},
               {"started_at", run.at("started_at")},
               {"commit", part_of_run(run, "regatta", "commit")},
               {"dirty", part_of_run(run, "regatta", "dirty")},
               {"version", part_of_run(run, "regatta", "version")},
               {"compiler", part_of_run(run, "regatta", "compiler")},
               {"machine", part_of_run(run, "machine", "fingerprint")},
               {"cpu_model", part_of_run(run, "machine", "cpu_model")},
               {"kernel", part_of_run(run, "machine", "kernel")},
               {"placement", part_of_run(run, "placement", "mode")}};
    entry["benchmarks"] = std::move(benchmarks);
    return entry;
}

history read_history(const std::filesystem::path& file) {
    if (std::filesystem::is_directory(file)) {
        throw failure(fmt::format("{} is a folder, not a history", file.string()));
    }
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
        refuse_file(file, "read");
    }
    history all;
    std::string text;
    for (std::size_t line = 1; std::getline(stream, text); ++line) {
        json entry = json::parse(text, nullptr, false);
        if (entry.is_discarded()) {
            ++all.torn_lines;
            continue;
        }
        if (!entry.is_object() || entry.value("record", json()) != "history" ||
            entry.value("schema", json()) != record_schema) {
            throw failure(
                fmt::format("{}:{}: is no line of a history (`regatta history add` makes "
                            "one from results files)",
                            file.string(), line));
        }
        all.entries.push_back(std::move(entry));
    }
    if (stream.bad()) {
        refuse_file(file, "read");
    }
    std::stable_sort(all.entries.begin(), all.entries.end(), [](const json& a, const json& b) {
        return a.at("started_at") < b.at("started_at");
    });
    return all;
}

bool append_to_history(const std::filesystem::path& file, const json& entry) {
    locked_file target(file);
    if (!target.is_empty()) {
        const history known = read_history(file);
        if (std::any_of(known.entries.begin(), known.entries.end(), [&](const json& each) {
                return each.at("run_id") == entry.at("run_id");
            })) {
            return false;
        }
    }
    target.append(entry.dump(-1, ' ', false, json::error_handler_t::replace));
    return true;
}

std::vector<history_series> series_of(const history& file, const std::vector<std::string>& metrics,
                                      const std::string& expression) {
    const filter wanted(expression);
    std::map<series_key, history_series> found;
    for (const json& entry : file.entries) {
        const auto word = [&entry](const char* field) {
            const json& value = entry.at(field);
            return value.is_string() ? value.get<std::string>() : std::string("unknown");
        };
        for (const auto& [name, values] : entry.at("benchmarks").items()) {
            for (std::size_t i = 0; i < metrics.size() && wanted.matches(name); ++i) {
                if (const auto value = values.find(metrics[i]); value != values.end()) {
                    history_series& series = found[{word("machine"), word("placement"), i, name}];
                    series.machine = word("machine");
                    series.placement = word("placement");
                    series.benchmark = name;
                    series.metric = metrics[i];
                    series.points.push_back(point_of(entry, *value));
                }
            }
        }
    }
    std::vector<history_series> all;
    for (auto& [key, series] : found) {
        std::vector<double> medians;
        for (const history_series::point& each : series.points) {
            medians.push_back(each.median);
        }
        series.changes = stats::change_points(medians);
        all.push_back(std::move(series));
    }
    return all;
}

}  // namespace regatta
