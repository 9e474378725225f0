#pragma once

#include <nlohmann/json.hpp>

#include "harness/measure/histogram.hpp"

namespace regatta {

/// The histogram as results/FORMAT.md describes it.
inline nlohmann::json to_json(const histogram& values) {
    nlohmann::json counts = nlohmann::json::array();
    for (const auto& [index, times] : values.sparse()) {
        counts.push_back({index, times});
    }
    return {{"unit", "ns"},
            {"sub_bucket_bits", histogram::sub_bucket_bits},
            {"counts", std::move(counts)},
            {"count", values.count()},
            {"min", values.min()},
            {"max", values.max()},
            {"sum", values.sum()}};
}

/// Reads what to_json wrote. Throws std::runtime_error for another layout,
/// nlohmann::json::exception for missing or mistyped fields.
inline histogram histogram_from_json(const nlohmann::json& object) {
    constexpr std::size_t index_max = histogram::index_of(~std::uint64_t{0});
    if (object.at("sub_bucket_bits").get<unsigned>() != histogram::sub_bucket_bits) {
        throw std::runtime_error("histogram has another number of sub-buckets");
    }
    const auto buckets =
        object.at("counts").get<std::vector<std::pair<std::size_t, std::uint64_t>>>();
    for (const auto& bucket : buckets) {
        if (bucket.first > index_max) {
            throw std::runtime_error("histogram has a bucket beyond the range of 64-bit values");
        }
    }
    return histogram::from_sparse(buckets, object.at("min").get<std::uint64_t>(),
                                  object.at("max").get<std::uint64_t>(),
                                  object.at("sum").get<double>());
}

}  // namespace regatta
