#pragma once

#include <string>
#include <string_view>

#include "harness/measure/histogram.hpp"

/// HdrHistogram's V2 encoding, by which its tools in any language read our histograms.
///
/// With 2 significant digits HdrHistogram cuts each power of two above 256 into 128 buckets and
/// gives each value below a bucket of its own: bucket for bucket the layout of `histogram`, at the
/// same indices. So no count moves: the encoded counts are ours. (With 3 digits each of our buckets
/// would cover 8 of theirs, and all its values would pile up in one of them.) What is lost are
/// the exact minimum, maximum and sum, which the encoding has no place for.
namespace regatta::hdr {

/// `values`, deflated and in base64: a field of an `.hlog` line. Throws `failure` when zlib cannot.
std::string encode(const histogram& values);

/// Reads what encode() or another program wrote with 2 significant digits and a unit of 1. Its
/// minimum, maximum and sum are those of the buckets' middles. Throws `failure` for anything else.
histogram decode(std::string_view text);

}  // namespace regatta::hdr
