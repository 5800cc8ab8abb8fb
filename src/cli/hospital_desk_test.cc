// What a hospital knows of its beds through promises, patients and the end of its session.
#include "cli/hospital_desk.h"

#include <gtest/gtest.h>

namespace muster::cli::hospital_desk_test {
namespace {

using mobility::OrderKind;

mobility::IncidentId incident(std::uint64_t index) {
  return {{LogIndex{index}, 0}};
}

mobility::Order expect(std::uint64_t index, bool over_capacity = false) {
  return {.kind = OrderKind::expect_patient,
          .incident = incident(index),
          .step = 3,
          .over_capacity = over_capacity};
}

TEST(HospitalDeskTest, APromisedBedIsNotFreeAndIsToldAgainAfterTheSession) {
  HospitalDesk desk(2);
  desk.hear(expect(17));
  EXPECT_EQ(desk.free_beds(), 1U);
  EXPECT_EQ(desk.expected(), 1U);
  EXPECT_EQ(desk.beds_to_sign_on(), 2U);
  desk.signed_on();
  EXPECT_EQ(desk.free_beds(), 2U);
  EXPECT_EQ(desk.expected(), 0U);
}

TEST(HospitalDeskTest, APatientTakesTheBedOnceAndOneOverCapacityTakesNone) {
  HospitalDesk desk(2);
  desk.hear(expect(17));
  desk.hear(expect(18, true));
  const mobility::Order arrived{.kind = OrderKind::patient_arrived, .incident = incident(17)};
  desk.hear(arrived);
  desk.hear(arrived);
  EXPECT_EQ(desk.beds_to_sign_on(), 1U);
  desk.hear({.kind = OrderKind::patient_arrived, .incident = incident(18)});
  EXPECT_EQ(desk.beds_to_sign_on(), 1U);
  EXPECT_EQ(desk.free_beds(), 1U);
}

TEST(HospitalDeskTest, AnAnswerOfTheGroupHasTheFreeBedsWithoutThePromised) {
  HospitalDesk desk(2);
  desk.hear(expect(17));
  desk.told({.free = 5, .diversion = true}, {.free_beds = 5});
  EXPECT_EQ(desk.free_beds(), 5U);
  EXPECT_EQ(desk.beds_to_sign_on(), 6U);
  EXPECT_TRUE(desk.is_on_diversion());
  desk.told({.change = 1}, {.free_beds = 6});
  EXPECT_EQ(desk.beds_to_sign_on(), 7U);
  EXPECT_TRUE(desk.is_on_diversion());
}

TEST(HospitalDeskTest, WhoIsNotExpectedAnyMoreWhenOrdersWereMissedHasCome) {
  HospitalDesk desk(3);
  desk.hear(expect(17));
  desk.hear(expect(18));
  desk.hear_all({expect(18), expect(19)});
  EXPECT_EQ(desk.beds_to_sign_on(), 2U);
  EXPECT_EQ(desk.expected(), 2U);
  EXPECT_EQ(desk.free_beds(), 0U);
}

}  // namespace
}  // namespace muster::cli::hospital_desk_test
