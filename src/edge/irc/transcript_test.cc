// Runs tests/transcripts/irc/*.txt: what each client says, and every byte that it is told. In a
// transcript
//
//   ann> JOIN #den        is said by a client, with the end of a line; `\r \n \0 \x01` as in C, and
//                         `\*500x` is `x` five hundred times
//   ann< :ann!ann@a.example JOIN #den    is what it was told since
//   = wait 20000          is what happens around them: see `happen`
//
// and a line that begins with `#` is a remark. MUSTER_REWRITE_TRANSCRIPTS=1 writes what is told
// anew, to be reviewed like code.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "edge/irc/testing/world.h"

namespace muster::edge::irc::transcript_test {
namespace {

const std::filesystem::path folder = "tests/transcripts/irc";  // The tests run at the root.

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

std::string unescaped(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'r':
        bytes += '\r';
        break;
      case 'n':
        bytes += '\n';
        break;
      case '0':
        bytes += '\0';
        break;
      case 'x': {
        unsigned value = 0;
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
        bytes += static_cast<char>(value);
        i += 2;
        break;
      }
      case '*': {  // `\*500x` is `x` five hundred times.
        std::size_t times = 0;
        const auto [end, error] =
            std::from_chars(text.data() + i + 1, text.data() + text.size(), times);
        i = static_cast<std::size_t>(end - text.data());
        bytes.append(times, text[i]);
        break;
      }
      default:
        bytes += text[i];
    }
  }
  return bytes;
}

std::string escaped(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto value = static_cast<unsigned char>(c);
    if (c == '\\') {
      text += "\\\\";
    } else if (value < 0x20 || value == 0x7f) {
      text += "\\x";
      text += digits[value >> 4U];
      text += digits[value & 0xfU];
    } else {
      text += c;
    }
  }
  return text;
}

/// A numeric of the greeting, which one transcript shows and others leave out.
bool is_greeting(std::string_view line) {
  constexpr std::array codes{"001", "002", "003", "004", "005", "251", "252", "254",
                             "255", "265", "266", "375", "372", "376", "422"};
  const std::size_t space = line.find(' ');
  return line.find(" CAP ") != std::string_view::npos ||
         std::ranges::find(codes, line.substr(space + 1, 3)) != codes.end();
}

class Runner {
 public:
  /// What is told after a line, as lines of the transcript.
  std::string run(const std::string& line) {
    if (line.starts_with("= ")) {
      happen(line.substr(2));
    } else {
      const std::size_t mark = line.find("> ");
      world_.say(line.substr(0, mark), unescaped(line.substr(mark + 2)) + "\r\n");
    }
    std::string trace;
    for (const auto& [client, told] : world_.take_told()) append(trace, client, told);
    greeting_ = false;
    return trace;
  }

 private:
  void append(std::string& trace, const std::string& client, const std::string& told) const {
    std::istringstream lines(told);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_TRUE(line.ends_with('\r')) << line;
      line.pop_back();
      if (greeting_ && is_greeting(line)) continue;
      std::string shown = client + "< " + escaped(line);
      while (shown.ends_with(' ')) shown.replace(shown.size() - 1, 1, "\\x20");
      trace += shown + "\n";
    }
  }
  void happen(const std::string& what) {
    std::istringstream stream(what);
    std::vector<std::string> words{std::istream_iterator<std::string>(stream), {}};
    words.resize(std::max<std::size_t>(words.size(), 3));
    if (words[0] == "start") return world_.start(words[1]);
    if (words[0] == "oper") return world_.order("chat.oper", {words[1], words[2]});
    if (words[0] == "unoper") return world_.order("chat.oper.remove", {words[1]});
    if (words[0] == "kill") return world_.kill(words[1]);
    if (words[0] == "stop") return world_.stop(words[1]);
    if (words[0] == "leader") return world_.set_leader(words[1] == "back");
    if (words[0] == "motd") return world_.options(words[1]).motd.push_back(words[2]);
    if (words[0] == "burst") {
      world_.options(words[1]).burst = std::stoul(words[2]);
      return;
    }
    if (words[0] == "queue") {
      world_.options(words[1]).send_queue_max = std::stoul(words[2]);
      return;
    }
    if (words[0] == "admin") return world_.options(words[1]).admin.push_back(words[2]);
    if (words[0] == "wait") return world_.pass(std::chrono::milliseconds{std::stoi(words[1])});
    if (words[1] == "breaks") return world_.break_off(words[0]);
    if (words[1] == "stalls") return world_.stall(words[0], true);
    if (words[1] == "reads") return world_.stall(words[0], false);
    // ann connects to a; ann signs in at a, with these capabilities.
    const bool signs = words[1] == "signs";
    const std::string host = words[0] + ".example";
    world_.connect(words[0], words[signs ? 4 : 3], host);
    if (!signs) return;
    greeting_ = true;
    std::string capabilities;
    for (std::size_t i = 5; i < words.size(); ++i) {
      capabilities += (capabilities.empty() ? "" : " ") + words[i];
    }
    std::string lines;
    if (!capabilities.empty()) lines = "CAP REQ :" + capabilities + "\r\n";
    lines += "NICK " + words[0] + "\r\nUSER " + words[0] + " 0 * :" + words[0] + " Real\r\n";
    if (!capabilities.empty()) lines += "CAP END\r\n";
    world_.say(words[0], lines);
  }

  World world_;
  bool greeting_{false};
};

bool is_told(const std::string& line) {
  const std::size_t mark = line.find_first_of("<> ");
  return mark != std::string::npos && line[mark] == '<';
}

std::string replay(const std::string& text) {
  Runner runner;
  std::string result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (is_told(line)) continue;
    result += line + "\n";
    if (!line.empty() && !line.starts_with("#")) result += runner.run(line);
  }
  return result;
}

TEST(IrcTranscriptTest, ThereAreTranscripts) {
  EXPECT_GE(transcripts().size(), 27U);
}

TEST(IrcTranscriptTest, EveryTranscriptGivesItsLines) {
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
}  // namespace muster::edge::irc::transcript_test
