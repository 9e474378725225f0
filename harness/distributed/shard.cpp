#include "harness/distributed/shard.hpp"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "harness/load/descriptor.hpp"
#include "harness/load/failure.hpp"

namespace regatta::distributed {
namespace {

using nlohmann::json;

[[noreturn]] void cannot_write(const std::filesystem::path& file, int error) {
    throw load::failure(load::failure::kind::other,
                        fmt::format("cannot write the shard {} on {}: {}", file.string(),
                                    host_name(), std::strerror(error)),
                        "give --shards a folder that every host can write");
}

}  // namespace

std::string host_name() {
    utsname names{};
    uname(&names);
    return names.nodename;
}

shard::shard(const std::filesystem::path& folder, const std::string& label, unsigned rank,
             unsigned ranks, const json& plan)
    : file_(folder / fmt::format("{}.rank-{}.{}.jsonl", label, rank, host_name())) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        cannot_write(file_, error.value());
    }
    append(
        {{"shard", label}, {"rank", rank}, {"ranks", ranks}, {"host", host_name()}, {"plan", plan}},
        O_CREAT | O_TRUNC);
}

void shard::finish(const json& result) {
    append({{"result", result}}, O_APPEND);
}

void shard::append(const json& line, int flags) {
    const load::descriptor file(open(file_.c_str(), O_WRONLY | O_CLOEXEC | flags, 0644));
    if (!file) {
        cannot_write(file_, errno);
    }
    const std::string text = line.dump() + '\n';
    for (std::size_t written = 0; written < text.size();) {
        const ssize_t count = write(file.get(), text.data() + written, text.size() - written);
        if (count < 0 && errno != EINTR) {
            cannot_write(file_, errno);
        }
        written += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    if (fdatasync(file.get()) != 0 && errno != EINVAL) {
        cannot_write(file_, errno);
    }
}

}  // namespace regatta::distributed
