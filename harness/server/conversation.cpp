#include "harness/server/conversation.hpp"

#include <fmt/format.h>

#include "harness/server/launcher_words.hpp"

namespace regatta {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* field) {
    const auto found = object.find(field);
    if (found == object.end() || found->is_null()) {
        return {};
    }
    return found->is_string() ? found->get<std::string>() : found->dump();
}

double seconds_since(clock_type::time_point begin) {
    return std::chrono::duration<double>(clock_type::now() - begin).count();
}

/// The next line of `from` as an object. Throws trial_failure as await_event says.
json await_line(const speaker& from, std::string_view what, clock_type::time_point deadline,
                const speaker* other) {
    std::optional<std::string> line;
    const speaker* ended = nullptr;
    const auto begin = clock_type::now();
    const auto has_news = [&] {
        line = from.process.next_line();
        if (!line && from.process.has_ended()) {
            ended = &from;
        }
        if (!line && other != nullptr && other->process.has_ended()) {
            ended = other;
        }
        return line.has_value() || ended != nullptr;
    };
    const wait_result result =
        other == nullptr ? wait_until({&from.process}, deadline, true, has_news)
                         : wait_until({&from.process, &other->process}, deadline, true, has_news);
    if (result == wait_result::deadline) {
        throw trial_failure(fmt::format("{} printed no {} line within {:.1f} s", from.name, what,
                                        seconds_since(begin)));
    }
    if (!line) {
        throw trial_failure(describe_end(*ended) + fmt::format(" before the {} line", what));
    }
    json object = json::parse(*line, nullptr, false);
    if (!object.is_object()) {
        throw trial_failure(fmt::format("{} printed no JSON object where the {} line was due: {}",
                                        from.name, what, excerpt(*line)));
    }
    if (text_of(object, "event") == "error") {
        const std::string hint = text_of(object, "hint");
        throw trial_failure(fmt::format("{}: {}{}", from.name, excerpt(text_of(object, "reason")),
                                        hint.empty() ? "" : " (" + excerpt(hint) + ")"));
    }
    return object;
}

}  // namespace

std::string excerpt(std::string_view text) {
    constexpr std::size_t bytes_max = 200;
    std::string shown(text.substr(0, bytes_max));
    for (char& c : shown) {
        c = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
    return shown + (text.size() > bytes_max ? "..." : "");
}

std::string describe_end(const speaker& ended) {
    const std::string words = launcher_words(ended.process.error_text());
    return fmt::format("{} ended with {}{}", ended.name, ended.process.ending().describe(),
                       words.empty() ? "" : " ('" + excerpt(words) + "')");
}

json await_event(const speaker& from, std::string_view event, clock_type::time_point deadline,
                 const speaker* other) {
    json object = await_line(from, event, deadline, other);
    if (text_of(object, "event") != event) {
        // A generator that lost its server skips steps: then the server's end is the reason, and
        // the news of it may be a moment late.
        const auto moment = clock_type::now() + std::chrono::milliseconds(200);
        const auto has_ended = [&] { return other->process.has_ended(); };
        if (other != nullptr &&
            wait_until({&other->process}, moment, true, has_ended) == wait_result::satisfied) {
            throw trial_failure(describe_end(*other));
        }
        throw trial_failure(fmt::format("{} printed another line where the {} line was due: {}",
                                        from.name, event, excerpt(object.dump())));
    }
    return object;
}

json await_object(const speaker& from, clock_type::time_point deadline) {
    return await_line(from, "description", deadline, nullptr);
}

}  // namespace regatta
