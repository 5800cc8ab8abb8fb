// Flipped bits, cut files, lost sectors: never a crash, never a wrong entry, always a message.
#include <gtest/gtest.h>

#include <algorithm>

#include "storage/format/segment.h"
#include "storage/simulated/history_test_support.h"

namespace muster::storage {
namespace {

using testing::folder;
using testing::History;

/// A folder with several segments, a snapshot and an identity, and what it holds.
class DamageTest : public ::testing::Test {
 protected:
  static constexpr std::size_t jobs = 60;

  void fill(std::uint64_t seed) {
    files_.emplace(seed);
    history_.emplace(*files_, seed);
    ASSERT_EQ(history_->open().value_or(""), "");
    ASSERT_TRUE(history_->write_identity());
    for (std::size_t at = 0; at < jobs; ++at) {
      ASSERT_TRUE(history_->append());
      if (at == jobs / 2) {
        ASSERT_TRUE(history_->save_snapshot());
      }
    }
    history_->close();
    listed_ = files_->list(folder).value();
    std::erase_if(listed_, [](const FileInfo& file) { return file.name.ends_with(".tmp"); });
  }
  std::string path_of(const FileInfo& file) const { return folder + "/" + file.name; }
  const FileInfo& last_segment() const {
    const auto segments = [](const FileInfo& file) { return file.name.starts_with("log-"); };
    return *std::find_if(listed_.rbegin(), listed_.rend(), segments);
  }

  /// Opens what was damaged. Either refused with a message that says where, what and what to do;
  /// or all there; or a warning tells of a cut, and only the latest groups are undone.
  /// Where a whole sector vanished, the groups in it may be missing without a trace.
  void judge(const std::string& path, bool sector_lost = false) {
    const auto opened = LogStore::open(*files_, folder, testing::small_options());
    if (!opened) {
      const std::string& message = opened.error().message;
      EXPECT_EQ(opened.error().code, ErrorCode::internal) << message;
      EXPECT_NE(message.find(path + " is damaged at byte "), std::string::npos) << message;
      EXPECT_NE(message.find("move its data folder away"), std::string::npos) << message;
      ++refused_;
      return;
    }
    const auto& state = history_->state();
    const Recovered& found = opened->recovered;
    EXPECT_EQ(found.identity, state.identity);
    EXPECT_EQ(found.snapshot, state.snapshot);
    const auto holds = [&found](const testing::State& left) {
      return found.entries == left.entries_after_snapshot() && found.hard_state == left.hard_state;
    };
    if (holds(state)) {
      ++whole_;
      return;
    }
    ASSERT_TRUE(std::ranges::any_of(history_->recent(), holds));
    ++cut_;
    if (found.warnings.empty() && sector_lost) return;
    ASSERT_FALSE(found.warnings.empty());
    EXPECT_NE(found.warnings[0].find("cut a write"), std::string::npos) << found.warnings[0];
  }

  std::optional<SimulatedFiles> files_;
  std::optional<History> history_;
  std::vector<FileInfo> listed_;
  std::size_t refused_{0};
  std::size_t cut_{0};
  std::size_t whole_{0};
};

TEST_F(DamageTest, AThousandFlippedBitsAreRefusedOrHarmless) {
  Random random(1);
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    fill(seed);
    const FileInfo& file = listed_[random.below(listed_.size())];
    files_->flip_bit(path_of(file), random.below(file.size),
                     static_cast<unsigned>(random.below(8)));
    judge(path_of(file));
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(refused_ + cut_ + whole_, 1'000U);
  EXPECT_GT(refused_, 500U);
  EXPECT_LT(cut_, 10U);  // Only where the last payload has a sector of zeros.
}

TEST_F(DamageTest, AThousandCutFilesAreRefused) {
  Random random(2);
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    fill(seed);
    const FileInfo& file = listed_[random.below(listed_.size())];
    files_->truncate(path_of(file), random.below(file.size));
    judge(path_of(file));
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(refused_, 1'000U);
}

TEST_F(DamageTest, ALostSectorInTheMiddleIsDamageAndNoTornTail) {
  Random random(3);
  std::size_t in_the_middle = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    fill(seed);
    const FileInfo& file = last_segment();
    const std::size_t sectors = static_cast<std::size_t>(file.size) / sector_bytes;
    files_->zero(path_of(file), random.below(sectors) * sector_bytes, sector_bytes);
    judge(path_of(file), true);
    if (HasFatalFailure()) return;
    in_the_middle = refused_;
  }
  EXPECT_GT(in_the_middle, 100U);
}

TEST_F(DamageTest, AMissingSegmentIsDamageUnlessTheSnapshotCoversIt) {
  Random random(4);
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    fill(seed);
    const FileInfo& file = listed_[random.below(listed_.size())];
    if (!file.name.starts_with("log-")) continue;
    ASSERT_TRUE(files_->remove(path_of(file)).has_value());
    const auto opened = LogStore::open(*files_, folder, testing::small_options());
    if (opened) {
      EXPECT_EQ(opened->recovered.entries, history_->state().entries_after_snapshot());
    } else {
      EXPECT_NE(opened.error().message.find("is damaged"), std::string::npos);
      ++refused_;
    }
  }
  EXPECT_GT(refused_, 30U);
}

TEST_F(DamageTest, AFailedSyncStopsTheStoreForGood) {
  fill(5);
  auto opened = LogStore::open(*files_, folder, testing::small_options()).value();
  files_->fail_next_sync(SyncSite::append);
  const StoreJob job{.hard_state = HardState{.term = {99}, .vote = std::nullopt}, .entries = {}};
  EXPECT_FALSE(opened.store->append({job}).has_value());
  EXPECT_TRUE(opened.store->stopped());
  EXPECT_EQ(opened.store->append({job}).error().code, ErrorCode::internal);

  // The process restarts and sees the record in the cache; it must not count before it is written
  // anew, for the kernel believes its pages clean.
  opened.store.reset();
  auto again = LogStore::open(*files_, folder, testing::small_options()).value();
  EXPECT_EQ(again.recovered.hard_state.term, Term{99});
  again.store.reset();
  files_->crash();
  const auto after = LogStore::open(*files_, folder, testing::small_options()).value();
  EXPECT_EQ(after.recovered.hard_state.term, Term{99});
}

TEST_F(DamageTest, AFullDiskIsSaid) {
  fill(6);
  files_->set_bytes_max(10'000);
  const auto opened = LogStore::open(*files_, folder, testing::small_options());
  EXPECT_EQ(opened.error().code, ErrorCode::resource_exhausted);
}

}  // namespace
}  // namespace muster::storage
