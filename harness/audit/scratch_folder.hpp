#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "harness/failure.hpp"

namespace regatta::audit {

/// A new folder for temporary files, removed with all that is in it.
class scratch_folder {
public:
    /// Throws `failure` when it cannot be made.
    scratch_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "regatta-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw failure("cannot make a folder like " + name +
                          "; set TMPDIR to one that is writable");
        }
        path_ = name;
    }
    ~scratch_folder() {
        std::error_code is_left;  // in the folder of temporary files
        std::filesystem::remove_all(path_, is_left);
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace regatta::audit
