#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "runtimes/runtime.hpp"
#include "workloads/support/http_conversation.hpp"
#include "workloads/support/http_document.hpp"
#include "workloads/support/http_reply.hpp"
#include "workloads/workload.hpp"

namespace regatta::workloads {

/// Keep-alive HTTP/1.1 with a real parser and a small JSON document: what a service's runtime does
/// all day. Any client of HTTP can use it.
struct http {
    static constexpr std::string_view name = "http";
    static constexpr std::string_view about = "HTTP/1.1, keep-alive, a small JSON document";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { body_bytes };
    static constexpr parameter parameters[] = {
        {"body_bytes", "bytes", 64, regatta::http::document_bytes_min,
         regatta::http::document_bytes_max, "length of the JSON document in each reply"},
    };

    template <runtime Runtime>
    static auto session(Runtime&, typename Runtime::stream peer, const params& values,
                        counters& counts) -> typename Runtime::template task<void> {
        regatta::http::conversation talk(static_cast<std::size_t>(values[body_bytes]));
        while (!talk.is_over()) {
            auto [failed, bytes] = co_await peer.receive();
            if (failed || bytes.empty()) {
                counts.errors += failed ? 1 : 0;
                co_return;
            }
            counts.bytes_received += bytes.size();
            talk.feed(bytes);
            for (bytes_view reply = talk.next(); !reply.empty(); reply = talk.next()) {
                if (auto [refused] = co_await peer.send(reply); refused) {
                    ++counts.errors;
                    co_return;
                }
                counts.bytes_sent += reply.size();
                counts.requests += talk.replies();
            }
        }
        counts.errors += talk.is_malformed() ? 1 : 0;
    }

    class exchange {
    public:
        explicit exchange(const params& values) {
            for (std::size_t i = 0; i < distinct_ids; ++i) {
                const auto id = static_cast<std::uint32_t>(i + 1) * 0x9e3779b9u;
                const auto size = static_cast<std::size_t>(values[body_bytes]);
                requests_[i] =
                    "GET /" + std::to_string(id) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
                regatta::http::append_document(id, size, documents_[i]);
                regatta::http::append_ok(id, size, true, "", replies_[i]);
            }
        }

        void append_request(std::uint64_t sequence, std::vector<std::byte>& out) const {
            const auto request = std::as_bytes(std::span(requests_[sequence % distinct_ids]));
            out.insert(out.end(), request.begin(), request.end());
        }
        // A reply with the very bytes that our sessions send needs no parsing: it has been compared
        // with all that a parser would have looked at. Servers in other languages have other heads.
        std::size_t reply_length(std::uint64_t sequence, bytes_view bytes) const {
            const std::string& ours = replies_[sequence % distinct_ids];
            if (bytes.size() >= ours.size() ? begins_with(bytes, ours)
                                            : begins_with(std::as_bytes(std::span(ours)), bytes)) {
                return bytes.size() < ours.size() ? 0 : ours.size();
            }
            return regatta::http::read_reply(bytes).length;
        }
        bool is_right(std::uint64_t sequence, bytes_view reply) const {
            const std::string& ours = replies_[sequence % distinct_ids];
            if (reply.size() == ours.size() && begins_with(reply, ours)) {
                return true;
            }
            const regatta::http::reply read = regatta::http::read_reply(reply);
            return read.is_json_ok && read.body == documents_[sequence % distinct_ids];
        }

    private:
        // A prime, so that a reply that belongs to a neighbouring request is never taken for the
        // right one.
        static constexpr std::size_t distinct_ids = 13;

        template <class Bytes>
        static bool begins_with(bytes_view bytes, const Bytes& front) {
            return front.empty() || std::memcmp(bytes.data(), front.data(), front.size()) == 0;
        }

        std::array<std::string, distinct_ids> requests_;
        std::array<std::string, distinct_ids> documents_;
        std::array<std::string, distinct_ids> replies_;
    };

    static double ceiling_per_s(const params&, std::int64_t, std::int64_t) { return no_ceiling; }
};

}  // namespace regatta::workloads
