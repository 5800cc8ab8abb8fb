#include "echo/echo.h"

#include "base/crc32c.h"
#include "muster/codec.h"

namespace muster::echo {

void Tally::add(BytesView payload) {
  ++count;
  chain = crc32c(payload, chain);
}

std::size_t Echo::block_of(SessionId session) {
  return session.uuid.bytes.back() % std::tuple_size_v<Blocks>;
}

void Echo::apply(const service::Command& command, service::Output& output) {
  blocks_[block_of(command.session)].write().tallies[command.session].add(command.payload);
  output.reply(command.payload);
}

void Echo::session_ended(SessionId session, Position, LogTime, service::Output&) {
  auto& block = blocks_[block_of(session)];
  if (block.read().tallies.contains(session)) block.write().tallies.erase(session);
}

Result<Bytes> Echo::query(BytesView request) const {
  Reader reader(request);
  const SessionId session{reader.uuid()};
  if (!reader.finished()) {
    return Error{ErrorCode::invalid_argument, "a query of echo is a session id of 16 bytes, not " +
                                                  std::to_string(request.size()) + " bytes"};
  }
  const auto& tallies = blocks_[block_of(session)].read().tallies;
  const auto found = tallies.find(session);
  const Tally tally = found == tallies.end() ? Tally{} : found->second;
  Bytes answer;
  Writer writer(answer);
  writer.integer(tally.count);
  writer.integer(tally.chain);
  return answer;
}

service::FrozenParts Echo::freeze() const {
  service::FrozenParts parts;
  for (const auto& block : blocks_) {
    if (!block.read().tallies.empty()) parts.push_back(block.share());
  }
  return parts;
}

void Echo::Block::encode(Bytes& out) const {
  Writer writer(out);
  for (const auto& [session, tally] : tallies) {
    writer.uuid(session.uuid);
    writer.integer(tally.count);
    writer.integer(tally.chain);
  }
}

Result<void> Echo::restore(BytesView part) {
  Reader reader(part);
  while (reader.ok() && !reader.finished()) {
    const SessionId session{reader.uuid()};
    const auto count = reader.integer<std::uint64_t>();
    const auto chain = reader.integer<std::uint32_t>();
    if (!reader.ok()) break;
    blocks_[block_of(session)].write().tallies[session] = Tally{.count = count, .chain = chain};
  }
  if (!reader.ok()) return Error{ErrorCode::internal, "a part of echo's snapshot is cut short"};
  return {};
}

void Echo::clear() {
  blocks_ = Blocks{};
}

Bytes tally_query(SessionId session) {
  Bytes request;
  Writer(request).uuid(session.uuid);
  return request;
}

Result<Tally> read_tally(BytesView answer) {
  Reader reader(answer);
  Tally tally;
  tally.count = reader.integer<std::uint64_t>();
  tally.chain = reader.integer<std::uint32_t>();
  if (!reader.finished()) {
    return Error{ErrorCode::internal, "the answer to a query of echo has the wrong size"};
  }
  return tally;
}

}  // namespace muster::echo
