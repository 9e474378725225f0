#pragma once

#include <cstdint>
#include <string>

/// The resource that the workload `http` serves (workloads/PROTOCOL.md).
namespace regatta::http {

/// The shortest document that has room for every id.
inline constexpr std::size_t document_bytes_min = 32;
inline constexpr std::size_t document_bytes_max = 64 << 10;

/// Appends the document number `id`: a JSON object of exactly `bytes` bytes
/// (`document_bytes_min` .. `document_bytes_max`), different for every id.
void append_document(std::uint32_t id, std::size_t bytes, std::string& out);

/// Appends the reply `200 OK` with that document, or with its head alone. `fields` are further
/// header fields, each ended by CR LF.
void append_ok(std::uint32_t id, std::size_t bytes, bool with_body, const char* fields,
               std::string& out);

}  // namespace regatta::http
