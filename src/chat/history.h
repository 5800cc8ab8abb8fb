// The newest lines of a room or an inbox, within limits, in pieces that snapshots share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/messages.h"
#include "muster/codec.h"
#include "muster/copy_on_write.h"
#include "muster/machine.h"

namespace muster::chat {

/// Whether lines of this kind are what was said and done, or a topic: what `RoomState` has.
bool is_said(Kind kind);
/// Whether lines of this kind are messages, as IRC counts them: neither topics nor mere tags.
bool is_message(Kind kind);
/// Whether a room's history has lines of this kind.
bool is_history(Kind kind);

/// A line and the key it came with, packed: one allocation, so that what is counted is what is
/// used. It has no room and no absence.
class KeptLine {
 public:
  /// Precondition: within the limits of `words.h`.
  KeptLine(const Line& line, std::string_view key);

  Position position() const { return position_; }
  LogTime time() const { return time_; }
  Kind kind() const { return kind_; }
  Manner manner() const { return manner_; }
  std::string_view from() const { return word(Word::from); }
  std::string_view to() const { return word(Word::to); }
  std::string_view key() const { return word(Word::key); }
  Line line(std::string_view room) const;
  /// What it takes in memory, about.
  std::size_t bytes() const;

  void encode(Writer& writer) const;
  /// Errors: `internal`, if these bytes are no line of a room (or no direct message).
  [[nodiscard]] static Result<KeptLine> decode(Reader& reader, bool direct);

 private:
  enum class Word : std::uint8_t { from, to, key, user, text, tags };
  static constexpr std::size_t words = 6;

  std::string_view word(Word which) const;

  Position position_;
  LogTime time_;
  Kind kind_;
  Manner manner_;
  bool bot_;
  std::array<std::uint16_t, words> ends_{};  // Where each word ends.
  std::string all_;
};

struct HistoryLimits {
  std::size_t lines;
  std::size_t bytes;
};

/// Lines by place, the oldest first. They stand in blocks that are shared with frozen states: after
/// one was taken, a change copies a block and not the history.
class KeptLines {
 public:
  struct Block final : service::Part {
    void encode(Bytes& out) const override;
    std::string room{};  // Folded.
    std::deque<KeptLine> lines{};
  };
  static constexpr std::size_t block_lines = 256;
  static constexpr std::uint8_t block_tag = 6;

  KeptLines() = default;
  /// `room`: folded.
  explicit KeptLines(std::string room) : room_(std::move(room)) {}

  /// Takes a line in; the oldest go until the limits hold. Precondition: it is later than the last.
  void add(KeptLine line, const HistoryLimits& limits);
  /// Precondition: there is one.
  void drop_oldest();
  /// Drops what is of that time or older.
  void drop_until(LogTime time);

  bool empty() const { return lines_ == 0; }
  std::size_t lines() const { return lines_; }
  /// How many of them were said, done, or are topics.
  std::size_t said() const { return said_; }
  std::size_t bytes() const { return bytes_; }
  /// Preconditions: not empty.
  const KeptLine& oldest() const { return blocks_.front().read().lines.front(); }
  const KeptLine& newest() const { return blocks_.back().read().lines.back(); }
  /// What `from` said with this key, or nullptr.
  const KeptLine* find(std::string_view from, std::string_view key) const;

  /// Visits lines, oldest or newest first, until `visit` returns false.
  template <class Visit>
  void forwards(Visit visit) const {
    for (const auto& block : blocks_) {
      for (const KeptLine& line : block.read().lines) {
        if (!visit(line)) return;
      }
    }
  }
  template <class Visit>
  void backwards(Visit visit) const {
    for (auto block = blocks_.rbegin(); block != blocks_.rend(); ++block) {
      const auto& lines = block->read().lines;
      for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        if (!visit(*line)) return;
      }
    }
  }

  /// Its blocks, in order, as parts of a snapshot.
  void freeze(service::FrozenParts& parts) const;
  /// Takes in the next block, of which `reader` has what follows tag and room. False if it is none
  /// that a history of these limits may have here.
  [[nodiscard]] bool restore_block(Reader& reader, const HistoryLimits& limits);
  /// All lines of one that has at most one block, in place.
  void encode_lines(Writer& writer) const;
  [[nodiscard]] bool restore_lines(Reader& reader, const HistoryLimits& limits);

 private:
  bool restore(Reader& reader, std::uint32_t count, const HistoryLimits& limits, bool direct);
  void count_in(const KeptLine& line);

  std::string room_{};
  std::vector<service::CopyOnWrite<Block>> blocks_{};  // None is empty.
  std::size_t lines_{0};
  std::size_t said_{0};
  std::size_t bytes_{0};
};

}  // namespace muster::chat
