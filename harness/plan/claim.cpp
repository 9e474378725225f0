#include "harness/plan/claim.hpp"

#include <array>

#include <fmt/format.h>

#include "harness/plan/workload_catalog.hpp"

namespace regatta {
namespace {

constexpr std::array claim_keys{"name", "says",     "by",       "metric",  "a",
                                "b",    "runtimes", "at_least", "at_most", "measure_s"};
constexpr std::string_view runtime_placeholder = "{runtime}";

std::string text_at(const toml_file& file, const toml::table& table, const char* key,
                    bool is_required) {
    const toml::node* node = table.get(key);
    if (node == nullptr) {
        if (is_required) {
            file.refuse(table, fmt::format("a claim lacks '{}'", key));
        }
        return {};
    }
    const auto text = node->value<std::string>();
    if (!node->is_string() || text->empty()) {
        file.refuse(*node, fmt::format("'{}' must be a text that is not empty", key));
    }
    return *text;
}

double bound_at(const toml_file& file, const toml::table& table, const char* key, double fallback) {
    const toml::node* node = table.get(key);
    if (node == nullptr) {
        return fallback;
    }
    if (!node->is_number()) {
        file.refuse(*node, fmt::format("'{}' must be a number", key));
    }
    return *node->value<double>();
}

double seconds_at(const toml_file& file, const toml::node& node) {
    const auto seconds = node.value<double>();
    if (!node.is_number() || !(*seconds >= 0.01 && *seconds <= 86400)) {
        file.refuse(node, "'measure_s' must be a number from 0.01 to 86400");
    }
    return *seconds;
}

std::string with_runtime(std::string text, const std::string& runtime) {
    if (const auto at = text.find(runtime_placeholder); at != std::string::npos) {
        text.replace(at, runtime_placeholder.size(), runtime);
    }
    return text;
}

/// The runtime in a benchmark's name.
std::string runtime_in(const std::string& name) {
    const std::size_t begin = name.find('/') + 1;
    return name.substr(begin, name.find('/', begin) - begin);
}

bool has_placeholder(const std::string& text) {
    return text.find(runtime_placeholder) != std::string::npos;
}

void check(const toml_file& file, const toml::table& table, const claim& read) {
    for (const std::string* name : {&read.a, &read.b}) {
        const std::size_t slash = name->find('/');
        if (!name->empty() &&
            (slash == std::string::npos || find_workload(name->substr(0, slash)) == nullptr)) {
            file.refuse(table,
                        fmt::format("'{}' is no benchmark's name: workload/runtime/...", *name));
        }
    }
    if ((has_placeholder(read.a) || has_placeholder(read.b)) == read.runtimes.empty()) {
        file.refuse(table, "'runtimes' goes with {runtime} in 'a' or 'b'");
    }
    if (!(read.at_least <= read.at_most) ||
        (table.get("at_least") == nullptr && table.get("at_most") == nullptr)) {
        file.refuse(table, "a claim needs at_least, at_most, or both in this order");
    }
    if (read.measure_s && read.is_memory_slope()) {
        file.refuse(table,
                    "'measure_s' does not go with bytes_per_connection, which regatta "
                    "memory measures");
    }
}

claim read_claim(const toml_file& file, const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
        file.refuse(node, "a claim is a table: [[claim]]");
    }
    file.refuse_unknown_keys(*table, claim_keys);
    claim read;
    read.name = text_at(file, *table, "name", true);
    read.says = text_at(file, *table, "says", true);
    read.by = text_at(file, *table, "by", true);
    read.metric = text_at(file, *table, "metric", true);
    read.a = text_at(file, *table, "a", true);
    read.b = text_at(file, *table, "b", false);
    read.at_least = bound_at(file, *table, "at_least", read.at_least);
    read.at_most = bound_at(file, *table, "at_most", read.at_most);
    if (const toml::node* runtimes = table->get("runtimes")) {
        const toml::array* names = runtimes->as_array();
        if (names == nullptr || names->empty() || !names->is_homogeneous<std::string>()) {
            file.refuse(*runtimes, "'runtimes' must be an array of names");
        }
        for (const toml::node& each : *names) {
            read.runtimes.push_back(*each.value<std::string>());
        }
    }
    if (const toml::node* seconds = table->get("measure_s")) {
        read.measure_s = seconds_at(file, *seconds);
    }
    check(file, *table, read);
    return read;
}

}  // namespace

std::vector<claim_case> cases_of(const claim& stated) {
    if (stated.runtimes.empty()) {
        const std::string one = runtime_in(stated.a);
        const std::string other = stated.b.empty() ? one : runtime_in(stated.b);
        return {{one == other ? one : one + " / " + other, stated.a, stated.b}};
    }
    std::vector<claim_case> cases;
    for (const std::string& runtime : stated.runtimes) {
        cases.push_back(
            {runtime, with_runtime(stated.a, runtime), with_runtime(stated.b, runtime)});
    }
    return cases;
}

std::vector<claim> read_claims(const toml_file& file, const toml::node& node) {
    const toml::array* entries = node.as_array();
    if (entries == nullptr) {
        file.refuse(node, "write [[claim]], with two brackets");
    }
    std::vector<claim> claims;
    for (const toml::node& each : *entries) {
        claims.push_back(read_claim(file, each));
    }
    return claims;
}

std::vector<claim> read_claims(const std::filesystem::path& path) {
    const toml_file file(path);
    const toml::node* node = file.root().get("claim");
    return node == nullptr ? std::vector<claim>() : read_claims(file, *node);
}

}  // namespace regatta
