// Lines come one by one, whatever the input is, and stop while it is paused.
#include "cli/line_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <vector>

namespace muster::cli::line_reader_test {
namespace {

using Lines = std::vector<std::string>;

class LineReaderTest : public testing::Test {
 protected:
  std::unique_ptr<LineReader> read(int descriptor) {
    auto reader = std::make_unique<LineReader>(
        context_, descriptor,
        LineReader::Handlers{
            .on_line = [this](std::string line) { lines_.push_back(std::move(line)); },
            .on_end = [this] { lines_.emplace_back("(end)"); }});
    return reader;
  }
  static void write(int descriptor, const std::string& text) {
    ASSERT_EQ(::write(descriptor, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  boost::asio::io_context context_;
  Lines lines_;
};

TEST_F(LineReaderTest, ReadsAPipeToItsEnd) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const auto reader = read(pipe[0]);
  write(pipe[1], "one\r\n\ntwo\nlast");
  ::close(pipe[1]);
  reader->resume();
  context_.run();
  EXPECT_EQ(lines_, (Lines{"one", "", "two", "last", "(end)"}));
  ::close(pipe[0]);
}

TEST_F(LineReaderTest, ReadsFilesAndDevicesThatCannotBeWaitedFor) {
  std::FILE* const file = std::tmpfile();
  write(::fileno(file), "one\ntwo\n");
  ASSERT_EQ(::lseek(::fileno(file), 0, SEEK_SET), 0);
  const auto reader = read(::fileno(file));
  reader->resume();
  context_.run();
  EXPECT_EQ(lines_, (Lines{"one", "two", "(end)"}));
  std::fclose(file);

  const int nothing = ::open("/dev/null", O_RDONLY);
  const auto empty = read(nothing);
  empty->resume();
  context_.restart();
  context_.run();
  EXPECT_EQ(lines_, (Lines{"one", "two", "(end)", "(end)"}));
  ::close(nothing);
}

TEST_F(LineReaderTest, GivesNothingWhilePaused) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  std::unique_ptr<LineReader> reader;
  reader = std::make_unique<LineReader>(context_, pipe[0],
                                        LineReader::Handlers{.on_line =
                                                                 [&](std::string line) {
                                                                   lines_.push_back(line);
                                                                   reader->pause();
                                                                 },
                                                             .on_end = [] {}});
  write(pipe[1], "one\ntwo\n");
  reader->resume();
  context_.run();
  EXPECT_EQ(lines_, Lines{"one"});
  reader->resume();
  context_.restart();
  context_.run();
  EXPECT_EQ(lines_, (Lines{"one", "two"}));
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_F(LineReaderTest, CutsLinesThatNeverEnd) {
  std::FILE* const file = std::tmpfile();
  write(::fileno(file), std::string(LineReader::line_bytes_max + 1, 'x'));
  ASSERT_EQ(::lseek(::fileno(file), 0, SEEK_SET), 0);
  const auto reader = read(::fileno(file));
  reader->resume();
  context_.run();
  ASSERT_EQ(lines_.size(), 3U);
  EXPECT_EQ(lines_[0].size(), LineReader::line_bytes_max);
  EXPECT_EQ(lines_[1], "x");
  std::fclose(file);
}

}  // namespace
}  // namespace muster::cli::line_reader_test
