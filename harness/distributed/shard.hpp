#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace regatta::distributed {

/// What one rank saw of a load, in a file of its own on its own host, on disk before anybody else
/// is told: whatever becomes of the other ranks, it is kept. Two lines of JSON: `shard`, who and of
/// which load, written before the load; `result`, the generator's. Without the second the rank did
/// not come to an end.
class shard {
public:
    /// Writes the first line. `label` says of which load; `folder` is made where it is missing.
    /// Throws load::failure when that is impossible.
    shard(const std::filesystem::path& folder, const std::string& label, unsigned rank,
          unsigned ranks, const nlohmann::json& plan);

    /// Writes the second; on disk when it returns.
    void finish(const nlohmann::json& result);

    const std::filesystem::path& file() const { return file_; }

private:
    void append(const nlohmann::json& line, int flags);

    std::filesystem::path file_;
};

/// Name of this host, as uname -n says it.
std::string host_name();

}  // namespace regatta::distributed
