#include "harness/record/record_reader.hpp"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "harness/record/record_writer.hpp"

namespace regatta {

record_reader::record_reader(const std::filesystem::path& file) : file_(file) {
    if (std::filesystem::is_directory(file)) {
        throw failure(fmt::format("{} is a folder, not a results file", file.string()));
    }
    errno = 0;
    stream_.open(file, std::ios::binary);
    if (!stream_) {
        throw failure(fmt::format("cannot read {}: {}", file.string(), std::strerror(errno)));
    }
}

void record_reader::refuse(const std::string& reason) const {
    throw failure(fmt::format("{}:{}: {}", file_.string(), line_, reason));
}

std::optional<nlohmann::json> record_reader::next() {
    std::string text;
    if (!std::getline(stream_, text)) {
        if (stream_.bad()) {
            refuse("cannot be read further");
        }
        if (line_ == 0) {
            ++line_;
            refuse("is empty: not a results file");
        }
        return std::nullopt;
    }
    ++line_;
    const bool whole = !stream_.eof();  // its newline was there
    nlohmann::json record = nlohmann::json::parse(text, nullptr, false);
    if (record.is_discarded() && !whole && line_ > 1) {
        return std::nullopt;
    }
    if (!record.is_object() || !record.contains("record") || !record["record"].is_string()) {
        refuse("is not a record of a results file (see results/FORMAT.md)");
    }
    const auto schema = record.find("schema");
    if (schema == record.end() || *schema != record_schema) {
        refuse(fmt::format("has schema {}, and this program reads schema {}",
                           schema == record.end() ? "none" : schema->dump(), record_schema));
    }
    complete_ = record["record"] == "end";
    whole_bytes_ += whole ? text.size() + 1 : 0;
    return record;
}

record_file read_record_file(const std::filesystem::path& file) {
    record_reader reader(file);
    record_file all;
    while (auto record = reader.next()) {
        const auto kind = record->at("record").get<std::string>();
        if (kind == "run") {
            all.run = std::move(*record);
        } else if (kind == "trial") {
            all.trials.push_back(std::move(*record));
        } else if (kind == "end") {
            all.end = std::move(*record);
        } else {
            all.others.push_back(std::move(*record));
        }
    }
    all.truncated = reader.truncated();
    return all;
}

}  // namespace regatta
