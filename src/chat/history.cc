#include "chat/history.h"

#include <algorithm>
#include <limits>

#include "chat/words.h"
#include "muster/check.h"

namespace muster::chat {
namespace {

/// Whether a line of a room may say this.
bool is_valid_in_room(const Line& line) {
  if (line.manner != Manner::message) return false;
  if ((line.kind == Kind::kick) == line.to.empty()) return false;
  if (!line.to.empty() && !validate_person(line.to)) return false;
  if (!is_said(line.kind) && line.kind != Kind::tags && !line.tags.empty()) return false;
  switch (line.kind) {
    case Kind::message:
    case Kind::action:
    case Kind::notice:
      return validate_said(Manner::message, line.text, line.tags).has_value();
    case Kind::tags:
      return validate_said(Manner::tags, line.text, line.tags).has_value();
    case Kind::topic:
      return line.tags.empty() && validate_topic_text(line.text).has_value();
    case Kind::join:
      return line.text.empty() && validate_real_name(line.real_name).has_value();
    case Kind::leave:
    case Kind::quit:
    case Kind::kick:
      return validate_reason(line.text).has_value();
    case Kind::nick:
      return validate_person(line.text).has_value();
    case Kind::mode:
      return validate_text(line.text).has_value();
    default:
      return false;
  }
}

bool is_valid(const Line& line, std::string_view key, bool direct) {
  if (!validate_person(line.from) || !validate_key(key) || !validate_address(line.user)) {
    return false;
  }
  if (!direct) return is_valid_in_room(line);
  const bool manner = line.manner >= Manner::message && line.manner <= Manner::tags;
  return line.kind == Kind::direct && manner && validate_person(line.to) &&
         validate_said(line.manner, line.text, line.tags);
}

bool may_follow(const KeptLine& line, const KeptLine& before) {
  return line.position() > before.position() && line.time() >= before.time();
}

}  // namespace

bool is_message(Kind kind) {
  return kind == Kind::message || kind == Kind::action || kind == Kind::notice;
}

bool is_said(Kind kind) {
  return is_message(kind) || kind == Kind::topic;
}

bool is_history(Kind kind) {
  return is_said(kind) || kind == Kind::tags || kind == Kind::join || kind == Kind::leave ||
         kind == Kind::quit || kind == Kind::kick || kind == Kind::nick || kind == Kind::mode;
}

// ---- Lines --------------------------------------------------------------------------------------

KeptLine::KeptLine(const Line& line, std::string_view key)
    : position_(line.position),
      time_(line.time),
      kind_(line.kind),
      manner_(line.manner),
      bot_(line.bot) {
  // Who joins says nothing but who it is.
  const std::string& said = line.kind == Kind::join ? line.real_name : line.text;
  const std::array<std::string_view, words> texts{line.from, line.to, key,
                                                  line.user, said,    line.tags};
  std::size_t size = 0;
  for (const std::string_view text : texts) size += text.size();
  check(size <= std::numeric_limits<std::uint16_t>::max());
  all_.reserve(size);
  for (std::size_t i = 0; i < words; ++i) {
    all_ += texts.at(i);
    ends_.at(i) = static_cast<std::uint16_t>(all_.size());
  }
}

std::string_view KeptLine::word(Word which) const {
  const auto number = static_cast<std::size_t>(which);
  const std::size_t begin = number == 0 ? 0 : ends_.at(number - 1);
  return std::string_view(all_).substr(begin, ends_.at(number) - begin);
}

Line KeptLine::line(std::string_view room) const {
  const std::string_view said = word(Word::text);
  const bool joins = kind_ == Kind::join;
  return {.position = position_,
          .time = time_,
          .kind = kind_,
          .room = std::string(room),
          .from = std::string(from()),
          .to = std::string(to()),
          .text = std::string(joins ? std::string_view{} : said),
          .manner = manner_,
          .user = std::string(word(Word::user)),
          .real_name = std::string(joins ? said : std::string_view{}),
          .tags = std::string(word(Word::tags)),
          .bot = bot_};
}

std::size_t KeptLine::bytes() const {
  constexpr std::size_t allocation = 16;
  return sizeof(KeptLine) + allocation + all_.size();
}

void KeptLine::encode(Writer& writer) const {
  writer.integer(position_.index.value);
  writer.integer(position_.ordinal);
  writer.integer(time_.milliseconds);
  writer.integer(static_cast<std::uint8_t>(kind_));
  writer.integer(static_cast<std::uint8_t>(manner_));
  writer.integer(static_cast<std::uint8_t>(bot_ ? 1 : 0));
  for (const Word which : {Word::from, Word::to, Word::key, Word::user, Word::text, Word::tags}) {
    writer.sized(word(which));
  }
}

Result<KeptLine> KeptLine::decode(Reader& reader, bool direct) {
  Line line;
  line.position.index.value = reader.integer<std::uint64_t>();
  line.position.ordinal = reader.integer<std::uint32_t>();
  line.time.milliseconds = reader.integer<std::int64_t>();
  line.kind = static_cast<Kind>(reader.integer<std::uint8_t>());
  line.manner = static_cast<Manner>(reader.integer<std::uint8_t>());
  const auto bot = reader.integer<std::uint8_t>();
  line.bot = bot == 1;
  line.from = reader.text();
  line.to = reader.text();
  const std::string key = reader.text();
  line.user = reader.text();
  (line.kind == Kind::join ? line.real_name : line.text) = reader.text();
  line.tags = reader.text();
  if (!reader.ok() || bot > 1 || !is_valid(line, key, direct)) {
    return Error{ErrorCode::internal, "a line of a chat's history can't be read"};
  }
  return KeptLine(line, key);
}

// ---- Histories ----------------------------------------------------------------------------------

void KeptLines::Block::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(block_tag);
  writer.sized(room);
  writer.integer(static_cast<std::uint32_t>(lines.size()));
  for (const KeptLine& line : lines) line.encode(writer);
}

void KeptLines::count_in(const KeptLine& line) {
  ++lines_;
  if (is_said(line.kind())) ++said_;
  bytes_ += line.bytes();
}

void KeptLines::add(KeptLine line, const HistoryLimits& limits) {
  check(empty() || line.position() > newest().position());
  count_in(line);
  if (blocks_.empty() || blocks_.back().read().lines.size() >= block_lines) {
    blocks_.emplace_back().write().room = room_;
  }
  blocks_.back().write().lines.push_back(std::move(line));
  while (lines_ > limits.lines || bytes_ > limits.bytes) drop_oldest();
}

void KeptLines::drop_oldest() {
  const KeptLine& line = oldest();
  --lines_;
  if (is_said(line.kind())) --said_;
  bytes_ -= line.bytes();
  if (blocks_.front().read().lines.size() == 1) {
    blocks_.erase(blocks_.begin());
  } else {
    blocks_.front().write().lines.pop_front();
  }
}

void KeptLines::drop_until(LogTime time) {
  while (!empty() && oldest().time() <= time) drop_oldest();
}

const KeptLine* KeptLines::find(std::string_view from, std::string_view key) const {
  if (key.empty()) return nullptr;
  const KeptLine* found = nullptr;
  backwards([&](const KeptLine& line) {
    if (line.key() == key && line.from() == from) found = &line;
    return found == nullptr;
  });
  return found;
}

void KeptLines::freeze(service::FrozenParts& parts) const {
  for (const auto& block : blocks_) parts.push_back(block.share());
}

bool KeptLines::restore(Reader& reader, std::uint32_t count, const HistoryLimits& limits,
                        bool direct) {
  Block block;
  block.room = room_;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto line = KeptLine::decode(reader, direct);
    if (!line) return false;
    const KeptLine* before = blocks_.empty() ? nullptr : &newest();
    if (!block.lines.empty()) before = &block.lines.back();
    if (before != nullptr && !may_follow(*line, *before)) return false;
    count_in(*line);
    block.lines.push_back(std::move(*line));
  }
  if (lines_ > limits.lines || bytes_ > limits.bytes) return false;
  if (!block.lines.empty()) blocks_.emplace_back(std::move(block));
  return true;
}

bool KeptLines::restore_block(Reader& reader, const HistoryLimits& limits) {
  const auto count = reader.integer<std::uint32_t>();
  // Only the first one may have lost lines; what follows a block begins when that is full.
  const bool follows = blocks_.size() < 2 || blocks_.back().read().lines.size() == block_lines;
  if (!reader.ok() || count == 0 || count > block_lines || !follows) return false;
  return restore(reader, count, limits, false) && reader.finished();
}

void KeptLines::encode_lines(Writer& writer) const {
  writer.integer(static_cast<std::uint32_t>(lines_));
  forwards([&](const KeptLine& line) {
    line.encode(writer);
    return true;
  });
}

bool KeptLines::restore_lines(Reader& reader, const HistoryLimits& limits) {
  const auto count = reader.integer<std::uint32_t>();
  return reader.ok() && count <= block_lines && restore(reader, count, limits, true);
}

}  // namespace muster::chat
