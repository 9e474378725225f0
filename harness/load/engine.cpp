#include "harness/load/engine.hpp"

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "harness/load/epoll_engine.hpp"
#include "harness/load/uring_engine.hpp"

namespace regatta::load {
namespace {

std::string_view remedy(int error) {
    switch (error) {
        case EPERM:
            return "; see sysctl kernel.io_uring_disabled and the container's seccomp profile";
        case ENOSYS:
            return "; this kernel is built without it";
        case EINVAL:
            return "; it takes Linux 6.0";
        case ENOMEM:
            return "; raise the limit of locked memory (ulimit -l)";
        default:
            return "";
    }
}

}  // namespace

chosen_engine make_engine(std::string_view wanted, std::span<const int> sockets) {
    if (wanted == "epoll") {
        return {std::make_unique<epoll_engine>(sockets), {}};
    }
    try {
        return {std::make_unique<uring_engine>(sockets), {}};
    } catch (const std::system_error& error) {
        return {std::make_unique<epoll_engine>(sockets),
                fmt::format("io_uring cannot be had ({}{}), so epoll is used", error.what(),
                            remedy(error.code().value()))};
    }
}

}  // namespace regatta::load
