#include "node/raft_codec.h"

#include <utility>

#include "muster/codec.h"
#include "wire/limits.h"

namespace muster::node {
namespace {

// The values go over the wire: append only. The order is that of the variant.
enum class Kind : std::uint8_t {
  pre_vote_request = 1,
  pre_vote_reply,
  vote_request,
  vote_reply,
  append_request,
  append_reply,
  snapshot_chunk,
  snapshot_reply,
  timeout_now,
  read_request,
  read_reply,
};

constexpr std::size_t entry_head_bytes = 21;

struct Encode {
  Writer& writer;
  std::vector<SharedBytes>& payloads;

  void operator()(const raft::PreVoteRequest& body) const { last(body.last_index, body.last_term); }
  void operator()(const raft::PreVoteReply& body) const { flag(body.granted); }
  void operator()(const raft::VoteRequest& body) const {
    last(body.last_index, body.last_term);
    flag(body.handed_over);
  }
  void operator()(const raft::VoteReply& body) const {
    flag(body.granted);
    writer.integer(body.wall_clock.milliseconds);
  }
  void operator()(const raft::AppendRequest& body) const {
    last(body.previous_index, body.previous_term);
    writer.integer(body.commit.value);
    writer.integer(body.round);
    writer.integer(static_cast<std::uint32_t>(body.entries.size()));
    for (const Entry& entry : body.entries) {
      writer.integer(entry.term.value);
      writer.integer(entry.index.value);
      writer.integer(static_cast<std::uint8_t>(entry.kind));
      writer.integer(static_cast<std::uint32_t>(entry.payload.size()));
      if (!entry.payload.empty()) payloads.push_back(entry.payload);
    }
  }
  void operator()(const raft::AppendReply& body) const {
    flag(body.accepted);
    writer.integer(body.match.value);
    last(body.hint_index, body.hint_term);
    writer.integer(body.round);
  }
  void operator()(const raft::SnapshotChunk& body) const {
    last(body.mark.index, body.mark.term);
    writer.sized(BytesView(encode_mark(body.mark)));
    writer.integer(body.mark.checksum);
    writer.integer(body.offset);
    writer.integer(body.total);
    writer.integer(body.round);
    if (!body.data.empty()) payloads.push_back(body.data);
  }
  void operator()(const raft::SnapshotReply& body) const {
    writer.integer(body.index.value);
    writer.integer(body.next_offset);
    flag(body.installed);
    writer.integer(body.round);
  }
  void operator()(const raft::TimeoutNow&) const {}
  void operator()(const raft::ReadRequest& body) const { writer.integer(body.id); }
  void operator()(const raft::ReadReply& body) const {
    writer.integer(body.id);
    flag(body.index.has_value());
    writer.integer(body.index.value_or(LogIndex{}).value);
  }

  void flag(bool value) const { writer.integer(static_cast<std::uint8_t>(value ? 1 : 0)); }
  void last(LogIndex index, Term term) const {
    writer.integer(index.value);
    writer.integer(term.value);
  }
};

LogIndex read_index(Reader& reader) {
  return {reader.integer<std::uint64_t>()};
}
Term read_term(Reader& reader) {
  return {reader.integer<std::uint64_t>()};
}
bool read_flag(Reader& reader) {
  return reader.integer<std::uint8_t>() != 0;
}

// The next `size` bytes of `bytes`, of which `reader` has read up to there.
SharedBytes take_shared(const SharedBytes& bytes, Reader& reader, std::size_t size) {
  const std::size_t offset = bytes.size() - reader.rest().size();
  if (reader.raw(size).size() != size) return {};
  return bytes.slice(offset, size);
}

raft::AppendRequest read_append(const SharedBytes& bytes, Reader& reader) {
  raft::AppendRequest body;
  body.previous_index = read_index(reader);
  body.previous_term = read_term(reader);
  body.commit = read_index(reader);
  body.round = reader.integer<std::uint64_t>();
  const auto count = reader.integer<std::uint32_t>();
  if (count > reader.rest().size() / entry_head_bytes) {
    reader.raw(reader.rest().size() + 1);  // More entries than bytes: not a message.
    return body;
  }
  std::vector<std::uint32_t> sizes(count);
  body.entries.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    Entry& entry = body.entries[i];
    entry.term = read_term(reader);
    entry.index = read_index(reader);
    entry.kind = static_cast<EntryKind>(reader.integer<std::uint8_t>());
    sizes[i] = reader.integer<std::uint32_t>();
    if (entry.kind > EntryKind::commands) reader.raw(reader.rest().size() + 1);
  }
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    body.entries[i].payload = take_shared(bytes, reader, sizes[i]);
  }
  return body;
}

Result<raft::SnapshotChunk> read_chunk(const SharedBytes& bytes, Reader& reader) {
  const LogIndex index = read_index(reader);
  const Term term = read_term(reader);
  const auto mark = decode_mark(index, term, reader.sized());
  if (!mark) return mark.error();
  raft::SnapshotChunk body;
  body.mark = *mark;
  body.mark.checksum = reader.integer<std::uint32_t>();
  body.offset = reader.integer<std::uint64_t>();
  body.total = reader.integer<std::uint64_t>();
  body.round = reader.integer<std::uint64_t>();
  body.data = take_shared(bytes, reader, reader.rest().size());
  return body;
}

decltype(raft::Message::body) read_small(Kind kind, Reader& reader) {
  switch (kind) {
    case Kind::pre_vote_request: {
      const LogIndex index = read_index(reader);
      return raft::PreVoteRequest{.last_index = index, .last_term = read_term(reader)};
    }
    case Kind::pre_vote_reply:
      return raft::PreVoteReply{.granted = read_flag(reader)};
    case Kind::vote_request: {
      const LogIndex index = read_index(reader);
      const Term term = read_term(reader);
      return raft::VoteRequest{
          .last_index = index, .last_term = term, .handed_over = read_flag(reader)};
    }
    case Kind::vote_reply: {
      const bool granted = read_flag(reader);
      return raft::VoteReply{.granted = granted, .wall_clock = {reader.integer<std::int64_t>()}};
    }
    case Kind::append_reply: {
      raft::AppendReply body;
      body.accepted = read_flag(reader);
      body.match = read_index(reader);
      body.hint_index = read_index(reader);
      body.hint_term = read_term(reader);
      body.round = reader.integer<std::uint64_t>();
      return body;
    }
    case Kind::snapshot_reply: {
      raft::SnapshotReply body;
      body.index = read_index(reader);
      body.next_offset = reader.integer<std::uint64_t>();
      body.installed = read_flag(reader);
      body.round = reader.integer<std::uint64_t>();
      return body;
    }
    case Kind::read_request:
      return raft::ReadRequest{.id = reader.integer<std::uint64_t>()};
    case Kind::read_reply: {
      raft::ReadReply body;
      body.id = reader.integer<std::uint64_t>();
      const bool known = read_flag(reader);
      const LogIndex index = read_index(reader);
      if (known) body.index = index;
      return body;
    }
    default:
      return raft::TimeoutNow{};
  }
}

}  // namespace

std::vector<SharedBytes> encode_message(const raft::Message& message) {
  Bytes head;
  head.reserve(96);
  std::vector<SharedBytes> payloads;
  Writer writer(head);
  writer.integer(static_cast<std::uint8_t>(message.body.index() + 1));
  writer.integer(message.from.value);
  writer.integer(message.to.value);
  writer.integer(message.term.value);
  std::visit(Encode{writer, payloads}, message.body);
  std::vector<SharedBytes> pieces;
  pieces.reserve(payloads.size() + 1);
  pieces.emplace_back(std::move(head));
  for (SharedBytes& payload : payloads) pieces.push_back(std::move(payload));
  return pieces;
}

wire::Lane lane_of(const raft::Message& message) {
  if (std::holds_alternative<raft::SnapshotChunk>(message.body)) return wire::Lane::bulk;
  const auto* const append = std::get_if<raft::AppendRequest>(&message.body);
  if (append == nullptr || append->entries.empty()) return wire::Lane::urgent;
  const bool begins_a_term =
      append->entries.size() == 1 && append->entries.front().kind == EntryKind::empty;
  return begins_a_term ? wire::Lane::urgent : wire::Lane::normal;
}

Result<raft::Message> decode_message(const SharedBytes& bytes) {
  Reader reader(bytes.view());
  raft::Message message;
  const auto kind = static_cast<Kind>(reader.integer<std::uint8_t>());
  message.from.value = reader.integer<std::uint32_t>();
  message.to.value = reader.integer<std::uint32_t>();
  message.term = read_term(reader);
  if (kind < Kind::pre_vote_request || kind > Kind::read_reply) {
    return Error{ErrorCode::invalid_argument, "this is no message of the consensus core"};
  }
  if (kind == Kind::append_request) {
    message.body = read_append(bytes, reader);
  } else if (kind == Kind::snapshot_chunk) {
    auto chunk = read_chunk(bytes, reader);
    if (!chunk) return chunk.error();
    message.body = std::move(*chunk);
  } else {
    message.body = read_small(kind, reader);
  }
  if (!reader.finished()) {
    return Error{ErrorCode::invalid_argument, "a message of the consensus core is cut short"};
  }
  return message;
}

Bytes encode_mark(const raft::SnapshotMark& mark) {
  Bytes where;
  Writer(where).integer(mark.configuration_index.value);
  return raft::encode_configuration(mark.configuration, where);
}

Result<raft::SnapshotMark> decode_mark(LogIndex index, Term term, BytesView metadata) {
  const auto decoded = raft::decode_configuration(metadata);
  if (!decoded) return decoded.error();
  Reader reader(decoded->annotation);
  const LogIndex configuration_index = read_index(reader);
  if (!reader.finished()) {
    return Error{ErrorCode::invalid_argument, "the description of a snapshot has the wrong length"};
  }
  return raft::SnapshotMark{.index = index,
                            .term = term,
                            .configuration = decoded->configuration,
                            .configuration_index = configuration_index};
}

}  // namespace muster::node
