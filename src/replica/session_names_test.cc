#include "replica/session_names.h"

#include <gtest/gtest.h>

namespace muster::replica::session_names_test {
namespace {

TEST(SessionNames, AreTakenWithinTheirKindOnly) {
  SessionNames names;
  names.add("car", "anna");
  EXPECT_TRUE(names.taken("car", "anna"));
  EXPECT_FALSE(names.taken("person", "anna"));
  EXPECT_FALSE(names.taken("car", "anna_1"));
}

TEST(SessionNames, TheFirstFreeNumberIsTheSmallestThatNobodyHas) {
  SessionNames names;
  EXPECT_EQ(names.first_free("car", "car"), "car_1");
  names.add("car", "car_1");
  names.add("car", "car_2");
  names.add("car", "car_4");
  EXPECT_EQ(names.first_free("car", "car"), "car_3");
  names.remove("car", "car_1");
  EXPECT_EQ(names.first_free("car", "car"), "car_1");
}

TEST(SessionNames, ANameIsFreeWhenTheLastThatHasItIsGone) {
  SessionNames names;
  names.add("", "bench");
  names.add("", "bench");
  names.remove("", "bench");
  EXPECT_TRUE(names.taken("", "bench"));
  names.remove("", "bench");
  EXPECT_FALSE(names.taken("", "bench"));
}

TEST(SessionNames, ProposeTheNextNameOfTheSameSort) {
  SessionNames names;
  names.add("person", "anna");
  EXPECT_EQ(names.proposal("person", "anna"), "anna_2");
  names.add("person", "anna_2");
  EXPECT_EQ(names.proposal("person", "anna"), "anna_3");
  names.add("car", "car_7");
  EXPECT_EQ(names.proposal("car", "car_7"), "car_1");
}

TEST(SessionNames, OnlyADecimalNumberFromOneOnIsANumber) {
  SessionNames names;
  names.add("car", "car_01");
  names.add("car", "car_0");
  names.add("car", "car_");
  names.add("car", "car_99999999999");
  EXPECT_TRUE(names.taken("car", "car_01"));
  EXPECT_TRUE(names.taken("car", "car_99999999999"));
  EXPECT_EQ(names.first_free("car", "car"), "car_1");
}

}  // namespace
}  // namespace muster::replica::session_names_test
