#include "harness/server/runtime_catalog.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <unistd.h>

#include "harness/failure.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/server/conversation.hpp"
#include "harness/server/description.hpp"
#include "harness/server/manifest.hpp"
#include "harness/server/program_build.hpp"

namespace regatta {
namespace {

namespace fs = std::filesystem;
using status = runtime_entry::status;

constexpr std::chrono::seconds answer_deadline{5};
constexpr const char* manifest_name = "runtime.toml";

/// A runtime whose program is being asked something.
struct question {
    runtime_entry* entry;
    std::unique_ptr<child_process> process;
    const manifest* read = nullptr;
};

void mark(runtime_entry& entry, status state, const std::string& reason) {
    entry.state = state;
    entry.reason = reason;
}

runtime_entry entry_of(const fs::path& folder, manifest& read) {
    runtime_entry entry;
    entry.name = folder.filename();
    entry.folder = folder;
    try {
        read = read_manifest(folder / manifest_name);
        entry.name = read.name;
        entry.command = with_program(read.command, entry.name);
        entry.is_in_suites = read.in_suites;
        if (read.unavailable) {
            mark(entry, status::unavailable, *read.unavailable);
        }
    } catch (const failure& error) {
        mark(entry, status::broken, error.what());
    }
    return entry;
}

std::unique_ptr<child_process> start(runtime_entry& entry, std::vector<std::string> command) {
    try {
        return std::make_unique<child_process>(child_options{std::move(command), entry.folder, {}});
    } catch (const failure& error) {
        mark(entry, status::broken, error.what());
        return nullptr;
    }
}

/// Runs the manifests' probes, all at once: a missing interpreter should not cost its start twice.
void run_probes(std::vector<runtime_entry>& entries, const std::vector<manifest>& manifests) {
    std::vector<question> asked;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (entries[i].is_available() && !manifests[i].probe.empty()) {
            const std::string needs =
                manifests[i].needs.empty() ? "its probe cannot be started" : manifests[i].needs;
            auto process = start(entries[i], manifests[i].probe);
            if (process == nullptr) {
                mark(entries[i], status::unavailable, needs);
                continue;
            }
            asked.push_back({&entries[i], std::move(process), &manifests[i]});
        }
    }
    const auto deadline = clock_type::now() + answer_deadline;
    for (const question& each : asked) {
        child_process& process = *each.process;
        wait_until({&process}, deadline, true, [&] { return process.has_ended(); });
        if (!process.has_ended() || !process.ending().is_success()) {
            const std::string words = process.last_error_line();
            mark(*each.entry, status::unavailable,
                 !each.read->needs.empty()
                     ? each.read->needs
                     : "its probe failed" + (words.empty() ? "" : ": " + words));
        }
    }
}

/// Builds the programs that a manifest builds, one after the other.
void run_builds(std::vector<runtime_entry>& entries, const std::vector<manifest>& manifests) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
        runtime_entry& entry = entries[i];
        if (entry.is_available() && !manifests[i].build.empty()) {
            if (const auto complaint = build_program(entry, manifests[i].build)) {
                mark(entry, status::unavailable, *complaint);
            }
        }
    }
}

void run_describes(std::vector<runtime_entry>& entries) {
    std::vector<question> asked;
    for (runtime_entry& entry : entries) {
        if (entry.is_available()) {
            std::vector<std::string> command = entry.command;
            command.push_back("describe");
            if (auto process = start(entry, std::move(command))) {
                asked.push_back({&entry, std::move(process)});
            }
        }
    }
    const auto deadline = clock_type::now() + answer_deadline;
    for (question& each : asked) {
        try {
            const speaker program{*each.process, "its program"};
            apply_description(*each.entry, await_object(program, deadline));
        } catch (const trial_failure& error) {
            mark(*each.entry, status::broken, fmt::format("describe: {}", error.what()));
        }
    }
}

/// Folders with a manifest: `root` itself or those in it.
std::vector<fs::path> runtime_folders(const fs::path& root) {
    if (fs::exists(root / manifest_name)) {
        return {root};
    }
    std::vector<fs::path> folders;
    std::error_code none;
    for (const auto& each : fs::directory_iterator(root, none)) {
        if (fs::exists(each.path() / manifest_name)) {
            folders.push_back(each.path());
        }
    }
    return folders;
}

/// The runtimes of `folders`, each name once.
std::vector<runtime_entry> ask_all(const std::vector<fs::path>& folders) {
    std::vector<runtime_entry> entries;
    std::vector<manifest> manifests;
    std::set<std::string> names;
    for (const fs::path& folder : folders) {
        manifest read;
        runtime_entry entry = entry_of(folder, read);
        if (names.insert(entry.name).second) {
            entries.push_back(std::move(entry));
            manifests.push_back(std::move(read));
        }
    }
    run_probes(entries, manifests);
    run_builds(entries, manifests);
    run_describes(entries);
    return entries;
}

}  // namespace

std::vector<runtime_entry> find_runtimes(const std::vector<fs::path>& more) {
    std::vector<fs::path> folders;  // those of `more` first
    for (const fs::path& each : more) {
        const auto found = runtime_folders(fs::absolute(each));
        if (found.empty()) {
            throw usage_failure(fmt::format("--runtimes {}: no {} in it or in a folder of it",
                                            each.string(), manifest_name));
        }
        folders.insert(folders.end(), found.begin(), found.end());
    }
    const std::set<fs::path> given(folders.begin(), folders.end());
    for (const fs::path& root : {program_folder() / "runtimes", source_folder() / "runtimes"}) {
        const auto found = runtime_folders(root);
        folders.insert(folders.end(), found.begin(), found.end());
    }
    std::vector<runtime_entry> entries = ask_all(folders);
    for (runtime_entry& each : entries) {
        each.is_in_suites = each.is_in_suites || given.count(each.folder) > 0;
    }
    std::sort(entries.begin(), entries.end(),
              [](const runtime_entry& a, const runtime_entry& b) { return a.name < b.name; });
    return entries;
}

runtime_entry find_runtime_in(const fs::path& folder) {
    if (!fs::exists(folder / manifest_name)) {
        throw usage_failure(fmt::format("{}: no {} there; give the runtime's folder",
                                        folder.string(), manifest_name));
    }
    return ask_all({fs::absolute(folder)}).front();
}

fs::path program_of(const runtime_entry& runtime) {
    std::error_code no_file;  // a word may be a whole script, too long for a name
    for (const std::string& word : runtime.command) {
        const fs::path file = runtime.folder / word;  // an absolute word stands for itself
        if (!fs::path(word).is_absolute() && fs::is_regular_file(file, no_file)) {
            return fs::weakly_canonical(file);
        }
    }
    if (runtime.command.empty()) {
        return {};
    }
    const fs::path program = runtime.command.front();
    if (program.has_parent_path()) {
        return fs::exists(program) ? program : fs::path();
    }
    const char* path = std::getenv("PATH");
    std::istringstream places(path == nullptr ? "" : path);
    for (std::string place; std::getline(places, place, ':');) {
        if (::access((fs::path(place) / program).c_str(), X_OK) == 0) {
            return fs::path(place) / program;
        }
    }
    return {};
}

const runtime_entry* find_runtime(const std::vector<runtime_entry>& runtimes,
                                  std::string_view name) {
    for (const runtime_entry& each : runtimes) {
        if (each.name == name) {
            return &each;
        }
    }
    return nullptr;
}

}  // namespace regatta
