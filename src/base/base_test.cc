// The formats of base/ against the vectors of their standards.
#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "muster/uuid.h"

namespace muster {
namespace {

TEST(Crc32cTest, GivesTheCheckValueOfTheStandard) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c(as_bytes("6789"), crc32c(as_bytes("12345"))), 0xe3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(UuidTest, MakesTheExampleOfTheStandard) {
  // RFC 9562, appendix A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F.
  const Uuid id =
      Uuid::make_v7(std::chrono::milliseconds{0x017F22E279B0}, 0xCC3, 0x18C4DC0C0C07398F);
  EXPECT_EQ(id.to_string(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  EXPECT_EQ(Uuid::parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), id);
}

}  // namespace
}  // namespace muster
