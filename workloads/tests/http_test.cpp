#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "workloads/http.hpp"

namespace regatta::http::tests {
namespace {

constexpr std::size_t document_bytes = 64;

bytes_view bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

std::string text_of(bytes_view bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct answers {
    std::string text;
    std::uint64_t replies = 0;
};

// What `talk` sends when `sent` comes in pieces of `piece` bytes.
answers ask(conversation& talk, std::string_view sent, std::size_t piece = 1 << 20) {
    answers got;
    while (!sent.empty() && !talk.is_over()) {
        const std::string received(sent.substr(0, piece));
        sent.remove_prefix(received.size());
        talk.feed(bytes_of(received));
        for (bytes_view reply = talk.next(); !reply.empty(); reply = talk.next()) {
            got.text += text_of(reply);
            got.replies += talk.replies();
        }
    }
    return got;
}

std::string ask_alone(std::string_view sent) {
    conversation talk(document_bytes);
    return ask(talk, sent).text;
}

std::string ok(std::uint32_t id, const char* fields = "", bool with_body = true) {
    std::string reply;
    append_ok(id, document_bytes, with_body, fields, reply);
    return reply;
}

int status_of(const std::string& reply) {
    const bool is_reply = reply.substr(0, 9) == "HTTP/1.1 ";
    return is_reply ? std::stoi(reply.substr(9)) : 0;
}

const std::string host = "Host: here\r\n";

TEST(http, answers_in_every_way_that_a_request_can_arrive) {
    const std::string sent =
        "GET /7 HTTP/1.1\r\n" + host + "\r\n" + "POST /8 HTTP/1.1\r\nContent-Length: 3\r\n" + host +
        "\r\nabc" + "HEAD /9 HTTP/1.1\r\n" + host + "\r\n" + "POST /1 HTTP/1.1\r\n" + host +
        "Transfer-Encoding: chunked\r\n\r\n4;x=y\r\nwiki\r\n0\r\nA: b\r\n\r\n" +
        "POST /2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + host + "\r\n0\r\n\r\n" +
        "\r\nGET /10?a=/b HTTP/1.1\r\n" + host + "\r\n";
    const std::string wanted = ok(7) + ok(8) + ok(9, "", false) + ok(1) + ok(2) + ok(10);
    for (std::size_t piece = 1; piece <= sent.size(); ++piece) {
        conversation talk(document_bytes);
        const answers got = ask(talk, sent, piece);
        EXPECT_EQ(got.text, wanted) << "in pieces of " << piece;
        EXPECT_EQ(got.replies, 6u);
        EXPECT_FALSE(talk.is_over());
    }
}

TEST(http, documents_are_json_of_the_length_asked_for) {
    for (const std::size_t length : {document_bytes_min, std::size_t{64}, document_bytes_max}) {
        for (const std::uint32_t id : {0u, 25u, 26u, 4294967295u}) {
            std::string document;
            append_document(id, length, document);
            EXPECT_EQ(document.size(), length);
            const auto parsed = nlohmann::json::parse(document);
            EXPECT_EQ(parsed.at("id"), id);
            const std::string text = parsed.at("text");
            for (std::size_t i = 0; i < text.size(); ++i) {
                ASSERT_EQ(text[i], static_cast<char>('a' + (id + i) % 26));
            }
        }
    }
}

TEST(http, pipelined_requests_are_answered_in_batches_of_bounded_length) {
    conversation talk(document_bytes_max);
    std::string sent;
    for (int i = 0; i < 100; ++i) {
        sent += "GET / HTTP/1.1\r\n" + host + "\r\n";
    }
    talk.feed(bytes_of(sent));
    std::uint64_t replies = 0;
    for (bytes_view reply = talk.next(); !reply.empty(); reply = talk.next()) {
        EXPECT_LT(reply.size(), 3 * document_bytes_max);
        replies += talk.replies();
    }
    EXPECT_EQ(replies, 100u);
}

struct end_case {
    const char* sent;
    bool stays;
};

TEST(http, keeps_the_connection_or_closes_it_as_the_client_says) {
    for (const auto& [sent, stays] : {
             end_case{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
             end_case{"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
             end_case{"GET / HTTP/1.1\r\nHost: a\r\nconnection: Keep-Alive, CLOSE\r\n\r\n", false},
             end_case{"GET / HTTP/1.0\r\n\r\n", false},
             end_case{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
         }) {
        conversation talk(document_bytes);
        const std::string reply = ask(talk, sent).text;
        EXPECT_EQ(status_of(reply), 200) << sent;
        EXPECT_EQ(talk.is_over(), !stays) << sent;
        EXPECT_FALSE(talk.is_malformed());
        EXPECT_EQ(reply.find("Connection: close\r\n") != reply.npos, !stays) << reply;
    }
    EXPECT_EQ(ask_alone("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              ok(0, "Connection: keep-alive\r\n"));
}

TEST(http, takes_the_absolute_form_of_a_target) {
    for (const char* target : {"http://example.org/12", "HTTP://a:80/12?x", "https://a/12"}) {
        EXPECT_EQ(ask_alone("GET " + std::string(target) + " HTTP/1.1\r\n" + host + "\r\n"),
                  ok(12));
    }
    EXPECT_EQ(ask_alone("GET http://example.org HTTP/1.1\r\n" + host + "\r\n"), ok(0));
}

TEST(http, continues_when_a_client_waits_for_it) {
    conversation talk(document_bytes);
    EXPECT_EQ(ask(talk, "POST /3 HTTP/1.1\r\n" + host + "Expect: 100-continue\r\n" +
                            "Content-Length: 2\r\n\r\n")
                  .text,
              "HTTP/1.1 100 Continue\r\n\r\n");
    const answers last = ask(talk, "ab", 1);
    EXPECT_EQ(last.text, ok(3));
    EXPECT_EQ(last.replies, 1u);
    // The body came along: nobody waits.
    EXPECT_EQ(ask(talk, "POST /3 HTTP/1.1\r\n" + host + "Expect: 100-continue\r\n" +
                            "Content-Length: 2\r\n\r\nab")
                  .text,
              ok(3));
}

struct status_case {
    std::string sent;
    int status;
};

TEST(http, errors_that_leave_the_connection_open) {
    for (const auto& [sent, status] : {
             status_case{"GET /no HTTP/1.1\r\n", 404},
             status_case{"GET /4294967296 HTTP/1.1\r\n", 404},
             status_case{"GET /-1 HTTP/1.1\r\n", 404},
             status_case{"HEAD /no HTTP/1.1\r\n", 404},
             status_case{"DELETE /1 HTTP/1.1\r\n", 405},
             status_case{"OPTIONS * HTTP/1.1\r\n", 405},
             status_case{"BREW /1 HTTP/1.1\r\n", 501},
         }) {
        conversation talk(document_bytes);
        const std::string reply = ask(talk, sent + host + "\r\n").text;
        EXPECT_EQ(status_of(reply), status) << sent;
        EXPECT_FALSE(talk.is_over()) << sent;
        EXPECT_EQ(ask(talk, "GET /5 HTTP/1.1\r\n" + host + "\r\n").text, ok(5)) << sent;
    }
}

TEST(http, errors_that_end_the_connection) {
    const std::string get = "GET / HTTP/1.1\r\n";
    const std::string post = "POST / HTTP/1.1\r\n" + host;
    for (const auto& [sent, status] : {
             status_case{"hello\r\n\r\n", 400},
             status_case{std::string("\x16\x03\x01\x02\0\x01", 6), 400},
             status_case{"GET / HTTP/1.1\n\n", 400},
             status_case{"GET / HTTP/2.0\r\n\r\n", 400},
             status_case{"GET relative HTTP/1.1\r\n" + host + "\r\n", 400},
             status_case{get + "\r\n", 400},
             status_case{get + host + host + "\r\n", 400},
             status_case{get + host + "No colon\r\n\r\n", 400},
             status_case{get + host + "Space : before\r\n\r\n", 400},
             status_case{post + "Content-Length: -1\r\n\r\n", 400},
             status_case{post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
             status_case{post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
             status_case{post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
             status_case{post + "Transfer-Encoding: gzip\r\n\r\n", 501},
             status_case{post + "Expect: a miracle\r\n\r\n", 417},
             status_case{post + "Content-Length: 99999999\r\n\r\n", 413},
             status_case{get + host + "X: " + std::string(9000, 'x') + "\r\n\r\n", 431},
             status_case{"GET /" + std::string(9000, '1') + " HTTP/1.1\r\n" + host + "\r\n", 431},
         }) {
        // A line without its CR has no end for a parser that is still waiting for the header's.
        const bool has_ends = sent.find("1.1\n") == sent.npos;
        for (const std::size_t piece : {has_ends ? std::size_t{1} : sent.size(), sent.size()}) {
            conversation talk(document_bytes);
            const answers got = ask(talk, sent, piece);
            EXPECT_EQ(status_of(got.text), status) << sent;
            EXPECT_EQ(got.replies, 1u);
            EXPECT_TRUE(talk.is_over() && talk.is_malformed()) << sent;
            EXPECT_NE(got.text.find("Connection: close\r\n"), got.text.npos);
            EXPECT_EQ(ask(talk, "GET / HTTP/1.1\r\n" + host + "\r\n").text, "");
        }
    }
}

TEST(http, no_header_is_endless_and_no_chunk_s_either) {
    conversation fields(document_bytes);
    std::string reply = ask(fields, "GET / HTTP/1.1\r\n" + host).text;
    for (int i = 0; i < 2000 && !fields.is_over(); ++i) {
        reply += ask(fields, "Name: a short value\r\n").text;
    }
    EXPECT_EQ(status_of(reply), 431);

    conversation chunks(document_bytes);
    reply = ask(chunks, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1;").text;
    for (int i = 0; i < 20'000 && !chunks.is_over(); ++i) {
        reply += ask(chunks, "extension").text;
    }
    EXPECT_EQ(status_of(reply), 400);

    conversation body(document_bytes);
    reply = ask(body, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n").text;
    const std::string chunk = "1000\r\n" + std::string(0x1000, 'x') + "\r\n";
    for (int i = 0; i < 1000 && !body.is_over(); ++i) {
        reply += ask(body, chunk).text;
    }
    EXPECT_EQ(status_of(reply), 413);
}

class http_exchange : public testing::Test {
protected:
    static params values() {
        params made;
        made.values[0] = document_bytes;
        return made;
    }
    const workloads::http::exchange client_{values()};
};

TEST_F(http_exchange, accepts_our_replies_and_those_of_other_servers) {
    std::vector<std::byte> request;
    client_.append_request(1, request);
    const std::string ours = ask_alone(text_of(request));
    const std::string document = ours.substr(ours.find("\r\n\r\n") + 4);
    ASSERT_EQ(document.size(), document_bytes);
    const std::string type = "content-type: Application/JSON; charset=utf-8\r\n";
    for (const std::string& reply :
         {ours,
          "HTTP/1.1 200 Fine\r\nDate: today\r\n" + type + "Content-Length: 64\r\n\r\n" + document,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + type + "\r\n20\r\n" +
              document.substr(0, 32) + "\r\n20\r\n" + document.substr(32) + "\r\n0\r\n\r\n"}) {
        for (std::size_t length = 0; length < reply.size(); ++length) {
            EXPECT_EQ(client_.reply_length(1, bytes_of(reply).first(length)), 0u) << reply;
        }
        const std::string two = reply + ours;
        EXPECT_EQ(client_.reply_length(1, bytes_of(two)), reply.size());
        EXPECT_TRUE(client_.is_right(1, bytes_of(reply))) << reply;
        EXPECT_FALSE(client_.is_right(2, bytes_of(reply)));
    }
}

TEST_F(http_exchange, refuses_what_is_wrong) {
    std::vector<std::byte> request;
    client_.append_request(0, request);
    const std::string right = ask_alone(text_of(request));
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string changed = right;
        return changed.replace(changed.find(from), from.size(), to);
    };
    for (const std::string& reply :
         {with("200 OK", "404 Not Found"), with("application/json", "text/plain"),
          with("Content-Type: application/json\r\n", ""), with("\"text\"", "\"test\""),
          with("Content-Length: 64\r\n", ""), with("HTTP/1.1", "HTTP/9.1"),
          std::string("nonsense")}) {
        EXPECT_NE(client_.reply_length(0, bytes_of(reply)), 0u) << reply;
        EXPECT_FALSE(client_.is_right(0, bytes_of(reply))) << reply;
    }
}

}  // namespace
}  // namespace regatta::http::tests
