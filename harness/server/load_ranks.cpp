#include "harness/server/load_ranks.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace regatta {

using nlohmann::json;

std::vector<std::string> ranks_command(const load_ranks& ranks,
                                       const std::filesystem::path& generator,
                                       std::chrono::seconds longest) {
    std::vector<std::string> command = ranks.launcher;
    if (ranks.are_launched()) {
        command.insert(command.end(), {"--timeout", std::to_string(longest.count())});
        command.push_back(generator.string() + "-mpi");
    } else {
        command.push_back(generator.string());
        if (ranks.count != 0) {
            command.insert(command.end(), {"--ranks", std::to_string(ranks.count)});
        }
    }
    if (ranks.count != 0 && !ranks.shards.empty()) {
        command.insert(command.end(), {"--shards", ranks.shards.string()});
    }
    return command;
}

void fill_ranks(const json& result, json& record) {
    const auto found = result.find("ranks");
    if (found == result.end()) {
        return;
    }
    json table = *found;
    for (const json& warning : table.at("warnings")) {
        record["warnings"].push_back(warning);
    }
    table.erase("warnings");
    if (table.at("reported") != table.at("asked")) {
        std::string lost;
        for (const json& each : table.at("each")) {
            if (each.at("status") == "lost") {
                lost += fmt::format("; rank {} on {}: {}", each.at("rank").dump(),
                                    each.at("host").get<std::string>(),
                                    each.value("reason", json()).is_string()
                                        ? each.at("reason").get<std::string>()
                                        : "it gave no result in time");
            }
        }
        record["reasons"].push_back(fmt::format("only {} of {} ranks reported{}",
                                                table.at("reported").dump(),
                                                table.at("asked").dump(), lost));
    }
    record["ranks"] = std::move(table);
}

std::optional<double> busiest_rank_share(const json& result) {
    const auto found = result.find("ranks");
    if (found == result.end() || found->at("transport") == "local") {
        return std::nullopt;
    }
    double largest = 0;
    for (const json& each : found->at("each")) {
        if (each.at("cpu_share").is_number()) {
            largest = std::max(largest, each.at("cpu_share").get<double>());
        }
    }
    return largest;
}

}  // namespace regatta
