#include "sim/register.h"

#include "muster/codec.h"

namespace muster::sim {

namespace {

/// Where the number of events stands: no client writes there.
constexpr std::uint32_t events_key = 0xffff'ffff;

}  // namespace

std::uint64_t event_number(BytesView payload) {
  return Reader(payload).integer<std::uint64_t>();
}

Bytes encode(const RegisterCommand& command) {
  Bytes out;
  Writer writer(out);
  writer.integer(command.id.client);
  writer.integer(command.id.number);
  writer.integer(static_cast<std::uint8_t>(command.kind));
  writer.integer(command.key);
  writer.integer(command.value);
  writer.integer(command.expected);
  out.resize(out.size() + command.padding, std::byte{0x5a});
  return out;
}

Result<RegisterCommand> decode_register_command(BytesView payload) {
  Reader reader(payload);
  RegisterCommand command;
  command.id.client = reader.integer<std::uint32_t>();
  command.id.number = reader.integer<std::uint64_t>();
  const auto kind = reader.integer<std::uint8_t>();
  command.key = reader.integer<std::uint32_t>();
  command.value = reader.integer<std::uint64_t>();
  command.expected = reader.integer<std::uint64_t>();
  command.padding = static_cast<std::uint32_t>(reader.rest().size());
  if (!reader.ok() || kind < 1 || kind > 3) {
    return Error{ErrorCode::invalid_argument, "not a command of the register service"};
  }
  command.kind = RegisterCommand::Kind{kind};
  return command;
}

std::optional<std::uint64_t> value_after(const RegisterCommand& command, std::uint64_t before) {
  switch (command.kind) {
    case RegisterCommand::Kind::write:
      return command.value;
    case RegisterCommand::Kind::compare_and_set:
      if (before != command.expected) return std::nullopt;
      return command.value;
    case RegisterCommand::Kind::read:
      return before;
  }
  return std::nullopt;
}

std::uint64_t Register::value(std::uint32_t key) const {
  const auto& cells = blocks_[key % blocks_.size()].read().cells;
  const auto found = cells.find(key);
  return found == cells.end() ? 0 : found->second.value;
}

void Register::apply(const service::Command& command, service::Output& output) {
  const auto decoded = decode_register_command(command.payload);
  if (!decoded) {
    output.refuse(decoded.error().code, decoded.error().message);
    return;
  }
  const std::uint64_t before = value(decoded->key);
  const auto after = value_after(*decoded, before);
  if (!after) {
    output.refuse(ErrorCode::failed_precondition, "the value is " + std::to_string(before));
    return;
  }
  if (decoded->kind != RegisterCommand::Kind::read) {
    block_of(decoded->key).write().cells[decoded->key] =
        Cell{.value = *after, .padding = Bytes(decoded->padding, std::byte{0x5a})};
    publish(decoded->id, output);
  }
  Bytes reply;
  Writer(reply).integer(*after);
  output.reply(reply);
}

void Register::publish(const OperationId& id, service::Output& output) {
  std::uint64_t& count = block_of(events_key).write().cells[events_key].value;
  Bytes event;
  Writer writer(event);
  writer.integer(++count);
  writer.integer(id.client);
  writer.integer(id.number);
  output.publish(register_topic, event);
}

Result<Bytes> Register::topic_state(std::string_view topic) const {
  if (topic != register_topic) return Machine::topic_state(topic);
  Bytes state;
  Writer(state).integer(value(events_key));
  return state;
}

Result<Bytes> Register::query(BytesView request) const {
  Reader reader(request);
  const auto key = reader.integer<std::uint32_t>();
  if (!reader.finished()) {
    return Error{ErrorCode::invalid_argument, "a query of register is a key of 4 bytes"};
  }
  Bytes answer;
  Writer(answer).integer(value(key));
  return answer;
}

service::FrozenParts Register::freeze() const {
  service::FrozenParts parts;
  for (const auto& block : blocks_) {
    if (!block.read().cells.empty()) parts.push_back(block.share());
  }
  return parts;
}

void Register::Block::encode(Bytes& out) const {
  Writer writer(out);
  for (const auto& [key, cell] : cells) {
    writer.integer(key);
    writer.integer(cell.value);
    writer.sized(cell.padding);
  }
}

Result<void> Register::restore(BytesView part) {
  Reader reader(part);
  while (reader.ok() && !reader.finished()) {
    const auto key = reader.integer<std::uint32_t>();
    Cell cell;
    cell.value = reader.integer<std::uint64_t>();
    const BytesView padding = reader.sized();
    cell.padding.assign(padding.begin(), padding.end());
    if (reader.ok()) block_of(key).write().cells[key] = std::move(cell);
  }
  if (!reader.ok()) return Error{ErrorCode::internal, "a part of register's snapshot is cut short"};
  return {};
}

}  // namespace muster::sim
