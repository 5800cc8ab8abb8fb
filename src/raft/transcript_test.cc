// Runs tests/transcripts/raft/*.txt. In a transcript a line that begins with `> ` is a command,
// one that begins with `#` a remark; the others are the trace. MUSTER_REWRITE_TRANSCRIPTS=1 writes
// the traces anew, to be reviewed like code.
#include "raft/testing/transcript.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace muster::raft::transcript_test {
namespace {

const std::filesystem::path folder = "tests/transcripts/raft";  // The tests run at the root.

std::vector<std::string> transcripts() {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() == ".txt") names.push_back(file.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The transcript with the traces that its commands give now.
std::string replay(const std::string& text) {
  testing::Transcript transcript;
  std::string result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("> ")) {
      result += line + "\n" + transcript.run(line.substr(2));
    } else if (line.empty() || line.starts_with("#")) {
      result += line + "\n";
    }
  }
  return result;
}

TEST(RaftTranscriptTest, ThereAreTranscripts) {
  EXPECT_GE(transcripts().size(), 75U);
}

TEST(RaftTranscriptTest, EveryTranscriptGivesItsTrace) {
  for (const std::string& name : transcripts()) {
    SCOPED_TRACE(name);
    const auto path = folder / (name + ".txt");
    const std::string expected = read_file(path);
    const std::string actual = replay(expected);
    if (std::getenv("MUSTER_REWRITE_TRANSCRIPTS") != nullptr) {
      std::ofstream(path) << actual;
    } else {
      EXPECT_EQ(actual, expected);
    }
  }
}

}  // namespace
}  // namespace muster::raft::transcript_test
