#include "harness/plan/suite.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "harness/failure.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/plan/filter.hpp"
#include "harness/plan/nearest.hpp"
#include "harness/plan/parameter_value.hpp"
#include "harness/plan/suite_pattern.hpp"
#include "harness/plan/toml_file.hpp"

namespace regatta {
namespace {

namespace fs = std::filesystem;

constexpr std::array suite_keys{"name",      "about",    "rounds",    "warmup_s", "measure_s",
                                "placement", "runtimes", "benchmark", "claim"};
constexpr std::array entry_keys{"workload", "runtimes", "params", "mode", "measure_s"};

/// Reads one file; keeps what every step needs.
class suite_reader {
public:
    suite_reader(const fs::path& path, const std::vector<runtime_entry>& runtimes)
        : file_(path), runtimes_(runtimes) {
        read_.name = path.stem();
    }

    suite read() {
        const toml::table& root = file_.root();
        file_.refuse_unknown_keys(root, suite_keys);
        for (const auto& [key, node] : root) {
            read_top(key.str(), node);
        }
        if (read_.entries.empty()) {
            file_.refuse(root, "holds no [[benchmark]] and no [[claim]]");
        }
        return std::move(read_);
    }

private:
    void read_top(std::string_view key, const toml::node& node) {
        if (key == "name") {
            read_.name = text(node, key);
        } else if (key == "about") {
            read_.about = text(node, key);
        } else if (key == "rounds") {
            read_.rounds = static_cast<std::int64_t>(number(node, key, 1, 1000));
        } else if (key == "warmup_s") {
            read_.warmup_s = number(node, key, 0, 3600);
        } else if (key == "measure_s") {
            read_.measure_s = number(node, key, 0.01, 86400);
        } else if (key == "placement") {
            read_.placement = parse_placement(text(node, key));
            if (!read_.placement) {
                file_.refuse(node, "placement must be split, same-core or free");
            }
        } else if (key == "runtimes") {
            each_value(node,
                       [&](const toml::node& each) { read_.runtimes.push_back(pattern(each)); });
        } else if (key == "claim") {
            read_.claims = read_claims(file_, node);
            for (const claim& each : read_.claims) {
                read_arms(node, each);
            }
        } else if (const toml::array* entries = node.as_array()) {
            for (const toml::node& each : *entries) {
                read_entry(each);
            }
        } else {
            file_.refuse(node, "write [[benchmark]], with two brackets");
        }
    }

    /// The benchmarks that a claim compares, unless `regatta memory` measures them.
    void read_arms(const toml::node& node, const claim& stated) {
        if (stated.is_memory_slope()) {
            return;
        }
        for (const claim_case& each : cases_of(stated)) {
            for (const std::string* name : {&each.a, &each.b}) {
                if (!name->empty()) {
                    read_.entries.push_back(named_entry(node, *name));
                    read_.entries.back().measure_s = stated.measure_s;
                }
            }
        }
    }

    /// The benchmark called `name`: workload/runtime/param:value/...
    suite_entry named_entry(const toml::node& node, const std::string& name) {
        suite_entry entry;
        std::size_t begin = 0;
        for (int part = 0; begin <= name.size(); ++part) {
            const std::size_t end = std::min(name.find('/', begin), name.size());
            const std::string word = name.substr(begin, end - begin);
            const std::size_t colon = word.find(':');
            if (part == 0) {
                entry.workload = find_workload(word);
            } else if (part == 1) {
                entry.runtimes.push_back(word);
            } else if (colon != std::string::npos) {
                entry.axes.push_back({word.substr(0, colon), {word.substr(colon + 1)}});
            }
            if (entry.workload == nullptr || (part > 1 && colon == std::string::npos)) {
                file_.refuse(node, fmt::format("'{}' is no benchmark's name", name));
            }
            begin = end + 1;
        }
        return entry;
    }

    void read_entry(const toml::node& node) {
        const toml::table* table = node.as_table();
        if (table == nullptr) {
            file_.refuse(node, "a benchmark is a table: [[benchmark]]");
        }
        file_.refuse_unknown_keys(*table, entry_keys);
        suite_entry entry;
        const toml::node* workload = table->get("workload");
        if (workload == nullptr) {
            file_.refuse(*table, "a benchmark lacks 'workload'");
        }
        const std::string name = text(*workload, "workload");
        entry.workload = find_workload(name);
        if (entry.workload == nullptr) {
            file_.refuse(*workload, fmt::format("unknown workload '{}'; there are: {}", name,
                                                nearest_first(name, workload_names())));
        }
        if (const toml::node* patterns = table->get("runtimes")) {
            each_value(*patterns,
                       [&](const toml::node& each) { entry.runtimes.push_back(pattern(each)); });
        }
        if (const toml::node* values = table->get("params")) {
            const toml::table* axes = values->as_table();
            if (axes == nullptr) {
                file_.refuse(*values, "params must be a table: { size = [64, 1024] }");
            }
            for (const auto& [key, axis_values] : *axes) {
                entry.axes.push_back(read_axis(*entry.workload, key.str(), axis_values));
            }
        }
        if (const toml::node* seconds = table->get("measure_s")) {
            entry.measure_s = number(*seconds, "measure_s", 0.01, 86400);
        }
        if (const toml::node* mode = table->get("mode")) {
            check_mode(*mode, entry);
        }
        read_.entries.push_back(std::move(entry));
    }

    /// `mode` repeats in a word what the parameters say; where they disagree, one is a mistake.
    void check_mode(const toml::node& node, const suite_entry& entry) {
        const std::string mode = text(node, "mode");
        const bool has_load =
            std::any_of(entry.axes.begin(), entry.axes.end(),
                        [](const axis& each) { return is_load_parameter(each.parameter); });
        if (mode != "open" && mode != "closed") {
            file_.refuse(node, "mode must be open or closed");
        }
        if ((mode == "open") != has_load) {
            file_.refuse(node,
                         has_load ? "a closed loop has no rate_per_s, load_percent, steps or bursts"
                                  : "an open loop needs rate_per_s, load_percent, steps or bursts "
                                    "in params");
        }
    }

    axis read_axis(const workload_info& workload, std::string_view name, const toml::node& node) {
        axis made{std::string(name), {}};
        if (workload.kind == workload_kind::server && is_pattern_parameter(name)) {
            made.values = pattern_values(file_, name, node);
            return made;
        }
        const auto take = [&](const auto& declared) {
            if (declared.name != name) {
                return false;
            }
            made.values.clear();
            each_value(node, [&](const toml::node& each) {
                const std::string value = word(each, name);
                if (!parse_value(declared, value)) {
                    file_.refuse(each, refusal_of(declared, value));
                }
                made.values.push_back(value);
            });
            return true;
        };
        std::vector<std::string> names;
        bool known = false;
        for (const parameter& each : common_parameters(workload)) {
            names.emplace_back(each.name);
            known = known || take(each);
        }
        for (const runtime_entry& runtime : runtimes_) {
            for (const runtime_parameter& each : runtime.parameters) {
                known = take(each) || known;
                names.push_back(each.name);
            }
        }
        if (!known) {
            file_.refuse(node, fmt::format("{} has no parameter '{}'; it has: {}", workload.name,
                                           name, nearest_first(name, names)));
        }
        return made;
    }

    template <class Use>
    void each_value(const toml::node& node, Use use) {
        const toml::array* array = node.as_array();
        if (array == nullptr) {
            return use(node);
        }
        if (array->empty()) {
            file_.refuse(node, "an empty list selects nothing");
        }
        for (const toml::node& each : *array) {
            use(each);
        }
    }

    std::string text(const toml::node& node, std::string_view key) {
        if (!node.is_string()) {
            file_.refuse(node, fmt::format("'{}' must be a text in quotes", key));
        }
        return *node.value<std::string>();
    }
    std::string pattern(const toml::node& node) {
        const std::string expression = text(node, "runtimes");
        try {
            filter{expression};
        } catch (const failure& error) {
            file_.refuse(node, error.what());
        }
        return expression;
    }
    std::string word(const toml::node& node, std::string_view key) {
        if (node.is_integer()) {
            return std::to_string(*node.value<std::int64_t>());
        }
        if (!node.is_string()) {
            file_.refuse(node, fmt::format("'{}' must be a whole number or a word", key));
        }
        return *node.value<std::string>();
    }
    double number(const toml::node& node, std::string_view key, double minimum, double maximum) {
        const auto value = node.value<double>();
        if (!node.is_number() || !(*value >= minimum && *value <= maximum) ||
            (key == "rounds" && std::trunc(*value) != *value)) {
            file_.refuse(node, fmt::format("'{}' must be a {}number from {} to {}", key,
                                           key == "rounds" ? "whole " : "", minimum, maximum));
        }
        return *value;
    }
    static std::vector<std::string> workload_names() {
        std::vector<std::string> names;
        for (const workload_info& each : all_workload_info()) {
            names.push_back(each.name);
        }
        return names;
    }

    toml_file file_;
    const std::vector<runtime_entry>& runtimes_;
    suite read_;
};

fs::path suites_folder() {
    return source_folder() / "workloads" / "suites";
}

}  // namespace

suite read_suite(const fs::path& file, const std::vector<runtime_entry>& runtimes) {
    return suite_reader(file, runtimes).read();
}

std::optional<fs::path> find_suite(const std::string& word) {
    const fs::path path = word;
    if (path.extension() == ".toml") {
        return path;
    }
    const std::vector<std::string> names = suite_names();
    if (std::find(names.begin(), names.end(), word) != names.end()) {
        return suites_folder() / (word + ".toml");
    }
    return std::nullopt;
}

std::vector<std::string> suite_names() {
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& each : fs::directory_iterator(suites_folder(), none)) {
        if (each.path().extension() == ".toml") {
            names.push_back(each.path().stem());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace regatta
