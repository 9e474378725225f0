#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/record/record_reader.hpp"
#include "harness/record/record_writer.hpp"

namespace regatta {
namespace {

class record : public ::testing::Test {
protected:
    record() : path_(fmt::format("{}record_test.{}.jsonl", testing::TempDir(), ::getpid())) {
        std::remove(path_.c_str());
    }
    ~record() override { std::remove(path_.c_str()); }

    void append_text(const std::string& text) {
        std::ofstream(path_, std::ios::app | std::ios::binary) << text;
    }
    std::string refusal(const std::function<void()>& action) {
        try {
            action();
        } catch (const failure& error) {
            std::string line = error.what();
            const std::size_t at = line.find(path_);
            return at == std::string::npos ? line : line.replace(at, path_.size(), "FILE");
        }
        return "";
    }
    std::string reading_refusal() {
        return refusal([&] { read_record_file(path_); });
    }

    std::string path_;
};

TEST_F(record, is_read_as_it_was_written) {
    {
        record_writer writer(path_, false);
        writer.append("run", {{"run_id", "x"}});
        EXPECT_TRUE(read_record_file(path_).truncated);  // readable while it grows
        writer.append("trial", {{"trial", 0}});
        writer.append("trial", {{"trial", 1}});
        writer.append("verdict", {{"verdict", "OK"}});
        writer.append("end", {{"trials", 2}});
    }
    const record_file read = read_record_file(path_);
    EXPECT_EQ(read.run.at("run_id"), "x");
    ASSERT_EQ(read.trials.size(), 2u);
    EXPECT_EQ(read.trials[1].at("trial"), 1);
    EXPECT_EQ(read.trials[1].at("schema"), record_schema);
    EXPECT_EQ(read.others.size(), 1u);
    EXPECT_EQ(read.end.at("trials"), 2);
    EXPECT_FALSE(read.truncated);
}

TEST_F(record, text_that_is_no_utf_8_is_kept_readable) {
    record_writer(path_, false).append("run", {{"note", "\xff\xfe\n"}});
    EXPECT_TRUE(read_record_file(path_).run.at("note").is_string());
}

TEST_F(record, a_torn_last_line_is_truncation) {
    record_writer(path_, false).append("run", {{"run_id", "x"}});
    append_text("{\"record\":\"tri");
    const record_file read = read_record_file(path_);
    EXPECT_TRUE(read.truncated);
    EXPECT_TRUE(read.trials.empty());
    EXPECT_EQ(read.run.at("run_id"), "x");
}

TEST_F(record, a_torn_line_in_the_middle_is_an_error) {
    record_writer(path_, false).append("run", {{"run_id", "x"}});
    append_text("{\"record\":\"tri\n{}\n");
    EXPECT_EQ(reading_refusal(),
              "FILE:2: is not a record of a results file (see results/FORMAT.md)");
}

TEST_F(record, other_files_are_refused_in_one_line) {
    EXPECT_EQ(reading_refusal(), "cannot read FILE: No such file or directory");
    append_text("");
    EXPECT_EQ(reading_refusal(), "FILE:1: is empty: not a results file");
    append_text("hello\n");
    EXPECT_EQ(reading_refusal(),
              "FILE:1: is not a record of a results file (see results/FORMAT.md)");
    EXPECT_EQ(refusal([] { read_record_file("/"); }), "/ is a folder, not a results file");
}

TEST_F(record, another_schema_is_refused) {
    append_text("{\"record\":\"run\",\"schema\":2}\n");
    EXPECT_EQ(reading_refusal(), "FILE:1: has schema 2, and this program reads schema 1");
}

TEST_F(record, is_not_overwritten_unless_asked) {
    record_writer(path_, false).append("run", {});
    EXPECT_EQ(refusal([&] { record_writer(path_, false); }),
              "FILE exists; give another --out, or --force to overwrite it");
    record_writer(path_, true).append("end", {});
    EXPECT_TRUE(read_record_file(path_).run.is_null());
}

TEST_F(record, a_full_disk_is_told_in_one_line) {
    record_writer full("/dev/full", true);
    EXPECT_EQ(refusal([&] { full.append("run", {}); }),
              "cannot write /dev/full: No space left on device; the records before are kept");
    EXPECT_NE(refusal([] {
                  record_writer("/proc/nowhere/x.jsonl", false);
              }).find("cannot write /proc/nowhere/x.jsonl: "),
              std::string::npos);
}

}  // namespace
}  // namespace regatta
