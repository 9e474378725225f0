#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace regatta::gate {

/// The build of another commit, in a temporary folder that goes away with this.
class source_build {
public:
    /// Checks `reference` (a branch, tag or commit) of the repository in `source` out into a
    /// worktree and builds the programs of those of `runtimes` that it has, as the build in `like`
    /// was configured (compiler, flags, build type). `said` hears each step in a few words. Throws
    /// `failure` (status 2 for a reference that git does not know), and `interrupted`.
    source_build(const std::filesystem::path& source, const std::string& reference,
                 const std::filesystem::path& like, const std::vector<std::string>& runtimes,
                 void (*said)(const std::string& step));
    ~source_build();
    source_build(const source_build&) = delete;
    source_build& operator=(const source_build&) = delete;

    /// The build: what open_side() takes.
    std::filesystem::path folder() const { return scratch_ / "build"; }
    /// The commit in full.
    const std::string& commit() const { return commit_; }

private:
    void check_out(const std::string& reference);
    void build(const std::filesystem::path& like, const std::vector<std::string>& runtimes,
               void (*said)(const std::string& step)) const;
    void clean_up() noexcept;
    std::filesystem::path tree() const { return scratch_ / "tree"; }

    std::filesystem::path source_;
    std::filesystem::path scratch_;
    std::string commit_;
};

}  // namespace regatta::gate
