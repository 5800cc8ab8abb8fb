// The group's part of a snapshot. In this order, maps by ascending number:
//
//   u64 view, u32 next number, u8 used, founding without members
//   u32 count, then each member
//   u32 count, then each departed one: u8 removed, u64 index, cause, member
//   u8 whether there is one, then the latest election
//   u8 whether there is one, then what the group gave way to
//   u32 count, then the ids of groups that gave way; the same for those met
//   u32 count, then of each seat that was given up: the group's id, u32 number
//
// Each document and text with its length before it: one of all members could pass the limit of a
// message.
#include "group/group.h"
#include "muster/codec.h"
#include "wire/control.h"

namespace muster::group {
namespace {

void write_message(Writer& writer, const google::protobuf::MessageLite& message) {
  const Bytes bytes = wire::encode(message);
  writer.sized(BytesView(bytes));
}

template <class Message>
void write_optional(Writer& writer, const std::optional<Message>& message) {
  writer.integer(static_cast<std::uint8_t>(message ? 1 : 0));
  if (message) write_message(writer, *message);
}

void write_groups(Writer& writer, const std::vector<GroupId>& groups) {
  writer.integer(static_cast<std::uint32_t>(groups.size()));
  for (const GroupId& group : groups) writer.uuid(group.uuid);
}

void write_servers(Writer& writer, const std::vector<ServerId>& servers) {
  writer.integer(static_cast<std::uint32_t>(servers.size()));
  for (const ServerId& server : servers) writer.uuid(server.uuid);
}

template <class Message>
[[nodiscard]] Result<void> read_message(Reader& reader, Message& message) {
  return wire::decode_into(message, reader.sized());
}

template <class Message>
[[nodiscard]] Result<void> read_optional(Reader& reader, std::optional<Message>& message) {
  if (reader.integer<std::uint8_t>() == 0) return {};
  return read_message(reader, message.emplace());
}

[[nodiscard]] Result<void> read_members(Reader& reader, View& view) {
  const auto count = reader.integer<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    wire::Member member;
    if (auto read = read_message(reader, member); !read) return read;
    const ServerNumber number{member.number()};
    view.members[number] = std::move(member);
  }
  return {};
}

[[nodiscard]] Result<void> read_departed(Reader& reader, View& view) {
  const auto count = reader.integer<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    Departed departed;
    departed.removed = reader.integer<std::uint8_t>() != 0;
    departed.index = LogIndex{reader.integer<std::uint64_t>()};
    departed.cause = reader.text();
    if (auto read = read_message(reader, departed.member); !read) return read;
    const ServerNumber number{departed.member.number()};
    view.departed[number] = std::move(departed);
  }
  return {};
}

void read_groups(Reader& reader, std::vector<GroupId>& groups) {
  const auto count = reader.integer<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) groups.push_back({reader.uuid()});
}

void read_servers(Reader& reader, std::vector<ServerId>& servers) {
  const auto count = reader.integer<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) servers.push_back({reader.uuid()});
}

[[nodiscard]] Result<void> read_view(Reader& reader, View& view) {
  view.number = reader.integer<std::uint64_t>();
  const auto next_number = reader.integer<std::uint32_t>();
  view.used = reader.integer<std::uint8_t>() != 0;
  view.behaviour = reader.integer<std::uint32_t>();
  view.checkpoint = LogIndex{reader.integer<std::uint64_t>()};
  wire::Founding founding;
  if (auto read = read_message(reader, founding); !read) return read;
  take_founding(view, founding);
  view.next_number = next_number;
  if (auto read = read_members(reader, view); !read) return read;
  if (auto read = read_departed(reader, view); !read) return read;
  if (auto read = read_optional(reader, view.election); !read) return read;
  if (auto read = read_optional(reader, view.dissolved); !read) return read;
  read_groups(reader, view.gone_groups);
  read_groups(reader, view.met);
  read_servers(reader, view.retired);
  return {};
}

}  // namespace

void Group::State::encode(Bytes& out) const {
  Writer writer(out);
  writer.integer(view.number);
  writer.integer(view.next_number);
  writer.integer(static_cast<std::uint8_t>(view.used ? 1 : 0));
  writer.integer(view.behaviour);
  writer.integer(view.checkpoint.value);
  wire::Founding founding;
  founding.set_group_id(view.group.uuid.to_string());
  founding.set_group(view.name);
  founding.set_branch(view.branch);
  if (!view.branch.empty()) *founding.mutable_fork() = view.fork;
  *founding.mutable_settings() = view.settings;
  write_message(writer, founding);
  writer.integer(static_cast<std::uint32_t>(view.members.size()));
  for (const auto& [number, member] : view.members) write_message(writer, member);
  writer.integer(static_cast<std::uint32_t>(view.departed.size()));
  for (const auto& [number, departed] : view.departed) {
    writer.integer(static_cast<std::uint8_t>(departed.removed ? 1 : 0));
    writer.integer(departed.index.value);
    writer.sized(departed.cause);
    write_message(writer, departed.member);
  }
  write_optional(writer, view.election);
  write_optional(writer, view.dissolved);
  write_groups(writer, view.gone_groups);
  write_groups(writer, view.met);
  write_servers(writer, view.retired);
}

Result<void> Group::restore(BytesView part) {
  Reader reader(part);
  View view;
  if (auto read = read_view(reader, view); !read || !reader.finished()) {
    return Error{ErrorCode::internal,
                 "a snapshot's part of the group can't be read; take the snapshot anew"};
  }
  state_.write().view = std::move(view);
  return {};
}

}  // namespace muster::group
