#include "cli/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

namespace muster::cli::secret_file_test {
namespace {

class SecretFileTest : public testing::Test {
 protected:
  std::string file_with(const std::string& text, mode_t mode = 0600) {
    // A file of its own for each test: they may run at the same time.
    std::string path = testing::TempDir() + "/secret_of_" +
                       testing::UnitTest::GetInstance()->current_test_info()->name();
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
};

TEST_F(SecretFileTest, LineEndIsNoPartOfTheSecret) {
  EXPECT_EQ(as_text(read_secret_file(file_with("open sesame\n")).value().bytes), "open sesame");
  EXPECT_EQ(as_text(read_secret_file(file_with("open sesame\r\n")).value().bytes), "open sesame");
  EXPECT_EQ(as_text(read_secret_file(file_with("a\nb")).value().bytes), "a\nb");
  EXPECT_EQ(read_secret_file(file_with("x")).value().warning, "");
}

TEST_F(SecretFileTest, OthersThatMayReadItAreWarnedOf) {
  EXPECT_NE(read_secret_file(file_with("x", 0644)).value().warning.find("chmod 600"),
            std::string::npos);
}

TEST_F(SecretFileTest, MissingEmptyAndOverlongFilesAreRefused) {
  EXPECT_EQ(read_secret_file("/nowhere/at/all").error().code, ErrorCode::not_found);
  EXPECT_EQ(read_secret_file(file_with("")).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(read_secret_file(file_with("\n")).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(read_secret_file(file_with("\nx\n")).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(read_secret_file(file_with("\r\nx")).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(read_secret_file(file_with(std::string(4'097, 'x'))).error().code,
            ErrorCode::invalid_argument);
  // As long as the longest up to its line end, and goes on.
  EXPECT_EQ(read_secret_file(file_with(std::string(4'096, 'x') + "\r\nmore")).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(read_secret_file(file_with(std::string(4'096, 'x') + "\r\n")).value().bytes.size(),
            4'096U);
  EXPECT_FALSE(read_secret_file(testing::TempDir()));
}

}  // namespace
}  // namespace muster::cli::secret_file_test
