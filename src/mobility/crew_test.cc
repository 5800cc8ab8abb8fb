#include "mobility/crew.h"

#include <gtest/gtest.h>

namespace muster::mobility::crew_test {
namespace {

IncidentId incident(std::uint64_t index) {
  return {Position{LogIndex{index}, 0}};
}

Order to_scene(std::uint64_t index, std::uint32_t step) {
  return {.kind = OrderKind::go_to_scene, .incident = incident(index), .step = step};
}

Order stand_down(std::uint64_t index, std::uint32_t step) {
  return {.kind = OrderKind::stand_down, .incident = incident(index), .step = step};
}

TEST(CrewTest, AnOrderIsHeardOnce) {
  Crew crew("ambulance_1");
  EXPECT_TRUE(crew.hear(to_scene(7, 2)));
  crew.reached(crew.say(StepKind::accepted, {}).value());
  EXPECT_FALSE(crew.hear(to_scene(7, 2)));
  EXPECT_EQ(crew.job()->reached, IncidentState::accepted);
}

TEST(CrewTest, AnOrderOfAJobThatIsOverIsNotHeardAnew) {
  Crew crew("ambulance_1");
  crew.hear(to_scene(7, 2));
  crew.hear(stand_down(7, 4));
  EXPECT_FALSE(crew.hear(to_scene(7, 2)));
  EXPECT_EQ(crew.job(), std::nullopt);
  EXPECT_TRUE(crew.hear(to_scene(7, 6)));
  EXPECT_EQ(crew.job()->order, 6U);
}

TEST(CrewTest, AnOrderThatWasTakenBackBeforeItWasHeardIsNotHeard) {
  Crew crew("ambulance_1");
  EXPECT_FALSE(crew.hear(stand_down(7, 4)));
  EXPECT_FALSE(crew.hear(to_scene(7, 2)));
  EXPECT_EQ(crew.job(), std::nullopt);
}

TEST(CrewTest, TheOldestJobsThatAreOverAreForgotten) {
  Crew crew("ambulance_1");
  for (std::uint64_t index = 1; index <= Crew::over_max + 1; ++index) {
    crew.hear(stand_down(index, 4));
  }
  EXPECT_FALSE(crew.hear(to_scene(2, 2)));
  EXPECT_TRUE(crew.hear(to_scene(1, 2)));
}

TEST(CrewTest, InANewSessionOrdersAreHeardFromTheBeginning) {
  Crew crew("ambulance_1");
  crew.hear(to_scene(7, 2));
  crew.hear(stand_down(7, 4));
  crew.reset();
  EXPECT_TRUE(crew.hear(to_scene(7, 2)));
}

}  // namespace
}  // namespace muster::mobility::crew_test
