#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace regatta {

/// A file of known content in the page cache, without a name and without a disk behind it
/// (memfd_create(2)): nothing is left behind, and reads never wait for a device.
class served_file {
public:
    static constexpr std::size_t size_bytes = 4u << 20;

    /// Throws std::system_error.
    served_file();
    ~served_file();
    served_file(const served_file&) = delete;
    served_file& operator=(const served_file&) = delete;

    /// Fills `into` with the bytes at `offset`; false when it could not. From any thread.
    bool read(std::uint64_t offset, std::span<std::byte> into) const;

    /// What is in it: SplitMix64 from a fixed seed.
    static std::vector<std::byte> content();
    /// Where the read of `length` bytes for a request with `nonce` begins.
    static std::uint64_t offset_of(std::uint64_t nonce, std::size_t length) {
        return nonce % (size_bytes - length + 1);
    }

private:
    int fd_;
};

}  // namespace regatta
