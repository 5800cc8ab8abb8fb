#include "cli/json_line.h"

#include <gtest/gtest.h>

namespace muster::cli::json_line_test {
namespace {

TEST(JsonLineTest, WritesFieldsInOrderAndQuotesText) {
  EXPECT_EQ(JsonLine{}.text(), "{}");
  EXPECT_EQ(JsonLine{}
                .add("name", "a \"b\"")
                .add("count", 18'446'744'073'709'551'615U)
                .add("p50Ms", 0.2)
                .add("ok", true)
                .add_json("gaps", "[]")
                .text(),
            R"({"name":"a \"b\"","count":18446744073709551615,"p50Ms":0.200,"ok":true,"gaps":[]})");
}

}  // namespace
}  // namespace muster::cli::json_line_test
