#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>

#include <openssl/evp.h>

/// CPU work as plain functions: a recursive coroutine would cost 20 times a call, and a workload
/// that measures CPU must spend it in the work.
namespace regatta::kernels {

/// `rounds` dependent steps of xorshift and multiplication (the multiplier is MurmurHash3's 64-bit
/// finaliser's). Each step needs the one before it, so neither the compiler nor the processor can
/// shorten the chain, and the result proves that the work was done. `rounds` >= 0.
inline std::uint64_t burn(std::uint64_t seed, std::int64_t rounds) {
    std::uint64_t x = seed;
    for (std::int64_t i = 0; i < rounds; ++i) {
        x ^= x >> 33;
        x *= 0xff51afd7ed558ccdULL;
        x += static_cast<std::uint64_t>(i);
    }
    return x;
}

/// Puts the bytes of `from`, all bits inverted, into `to`, which is as long.
inline void invert(std::span<const std::byte> from, std::span<std::byte> to) {
    std::size_t at = 0;
    for (std::uint64_t word; from.size() - at >= sizeof word; at += sizeof word) {
        std::memcpy(&word, from.data() + at, sizeof word);
        word = ~word;
        std::memcpy(to.data() + at, &word, sizeof word);
    }
    for (; at < from.size(); ++at) {
        to[at] = ~from[at];
    }
}

inline constexpr std::size_t sha256_bytes = 32;

/// SHA-256 (FIPS 180-4) of `input` into `digest`. Throws std::runtime_error when libcrypto fails.
inline void sha256(std::span<const std::byte> input, std::span<std::byte, sha256_bytes> digest) {
    static const EVP_MD* const algorithm = EVP_sha256();
    if (EVP_Digest(input.data(), input.size(), reinterpret_cast<unsigned char*>(digest.data()),
                   nullptr, algorithm, nullptr) != 1) {
        throw std::runtime_error("libcrypto cannot compute SHA-256");
    }
}

/// Fills `out` with bytes that depend only on `seed` (SplitMix64; Steele, Lea and Flood 2014).
inline void fill(std::span<std::byte> out, std::uint64_t seed) {
    std::size_t at = 0;
    while (at < out.size()) {
        seed += 0x9e3779b97f4a7c15ULL;
        std::uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        z ^= z >> 31;
        for (int i = 0; i < 8 && at < out.size(); ++i) {
            out[at++] = static_cast<std::byte>(z >> (8 * i));
        }
    }
}

}  // namespace regatta::kernels
