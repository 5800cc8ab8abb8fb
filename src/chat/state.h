// What the chat keeps of people and rooms, as parts of a snapshot.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "chat/history.h"
#include "chat/messages.h"
#include "muster/ids.h"
#include "muster/machine.h"

namespace muster::chat {

struct Person {
  std::string name;
  std::string inbox;
  std::string user;
  std::string host;
  std::string real_name;
  std::string server;  // See `SignIn`.
  std::string away;
  std::string modes;  // Of `person_flags`.
  std::string oper;   // As which IRC operator, where it has mode `o`.
  LogTime since;
  LogTime spoke;
  Position delivered;
  std::deque<std::string> former{};  // Names since it signed in, the oldest first.
  KeptLines directs{};
  std::set<std::string> rooms{};  // Folded. Not in snapshots: rooms know their people.

  /// `USER@HOST`.
  std::string address() const { return user + "@" + host; }
  /// `NAME!USER@HOST`.
  std::string prefix() const { return name + "!" + address(); }
};

/// Some of the people, so that a change copies these only.
struct PeopleBlock final : service::Part {
  void encode(Bytes& out) const override;
  std::uint8_t block{0};
  std::map<SessionId, Person> people{};
};

/// Somebody who had this name until then.
struct GonePerson {
  std::string name;
  std::string user;
  std::string host;
  std::string real_name;
  LogTime until;
};

struct GonePeople final : service::Part {
  void encode(Bytes& out) const override;
  std::deque<GonePerson> people{};  // The oldest first.
};

/// Who may become an IRC operator, by name.
struct Opers final : service::Part {
  void encode(Bytes& out) const override;
  std::map<std::string, OperCredential> credentials{};
};

struct Room final : service::Part {
  void encode(Bytes& out) const override;
  /// The person's ranks here, or nullptr if it is not in the room.
  const std::string* ranks_of(const std::string& person) const;
  /// Whether a mask of this list is one of this `NAME!USER@HOST`.
  bool has_mask(char mode, std::string_view prefix) const;
  /// Mode `b`, and not `e`.
  bool bans(std::string_view prefix) const;
  bool invites(const std::string& folded_name) const;

  std::string name{};  // As it was first written.
  LogTime created{};
  std::string topic{};
  std::string topic_by{};
  LogTime topic_time{};
  std::string modes{};  // Of `room_flags`.
  std::string key{};
  std::uint32_t people_max{0};  // 0: mode `l` is not set.
  std::vector<Mask> masks{};
  std::vector<std::string> invited{};           // Folded names, in order.
  std::map<std::string, std::string> people{};  // Ranks by name.
};

}  // namespace muster::chat
