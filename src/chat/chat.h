// The group chat as a service: people, rooms, what was said.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "chat/messages.h"
#include "muster/codec.h"
#include "muster/copy_on_write.h"
#include "muster/machine.h"

namespace muster::chat {

inline constexpr ServiceId service_id{3};

/// What those in a room follow: `chat/ROOM`. Each event is a `Line`.
std::string room_topic(std::string_view room);
/// Where a person's direct messages come: `chat/@INBOX`. Each event is a `Line`.
std::string inbox_topic(std::string_view inbox);

/// Group chat. Commands: `Request`; the reply to one that was carried out is a `Receipt`. What a
/// command does is told on the topics of the rooms concerned, and is answered when it is in the
/// log.
///
/// **People.** A session signs in once, with a name that nobody has who is signed in (names that
/// differ in the case of ASCII letters are the same); one taken is refused with ALREADY_EXISTS,
/// naming a free one. When the session ends, its person leaves all rooms and the name is free.
///
/// **Rooms** come to be when somebody joins or says something there, and go when they are empty
/// and nothing is left of their history. To speak in a room one need not have joined it. History
/// has what was said and done and the topics, not who came and went.
///
/// **Inboxes.** Direct messages go to both persons' topics `chat/@INBOX`. An inbox is a long random
/// word that the client made up; no query or event tells it, so in effect only its owner can follow
/// that topic. Who signs in with the inbox of somebody who is signed in is that person, in a new
/// session: name and rooms pass over. Not protected: servers, their logs and snapshots have inboxes
/// and texts in the clear, and every client that a group lets in may follow every room.
///
/// Refusals: INVALID_ARGUMENT for what is no command or breaks the rules of `words.h`;
/// ALREADY_EXISTS for a name; FAILED_PRECONDITION before signing in, and for leaving a room, or
/// changing the topic of one, that one is not in; NOT_FOUND for a person who is not signed in;
/// RESOURCE_EXHAUSTED at a limit.
///
/// Query: `Query`; answers as there. Topics: `room_topic` and `inbox_topic`; the state of either is
/// a `RoomState`. A room that does not exist yet has an empty one.
class Chat final : public service::Machine {
 public:
  /// The same on all servers of a group.
  struct Options {
    std::size_t people_max{4'096};
    std::size_t rooms_max{256};
    std::size_t people_per_room_max{1'024};
    std::size_t rooms_per_person_max{32};
    std::size_t history_lines_max{1'000};                    ///< Of a room; the oldest go.
    std::size_t history_bytes_max{std::size_t{256} << 10U};  ///< Of a room; the oldest go.
    std::chrono::milliseconds history_age_max{std::chrono::hours{7 * 24}};
    std::size_t directs_max{32};                           ///< Kept of a person; the oldest go.
    std::size_t direct_bytes_max{std::size_t{16} << 10U};  ///< Kept of a person; the oldest go.
  };

  Chat() : Chat(Options{}) {}
  explicit Chat(const Options& options) : options_(options) {}

  ServiceId id() const override { return service_id; }
  std::string_view name() const override { return "chat"; }
  void apply(const service::Command& command, service::Output& output) override;
  std::optional<LogTime> deadline() const override { return deadline_; }
  /// Forgets what is older than `history_age_max`.
  void expire(LogTime now, service::Output& output) override;
  void session_ended(SessionId session, LogTime now, service::Output& output) override;
  Result<Bytes> topic_state(std::string_view topic) const override;
  Result<Bytes> query(BytesView request) const override;
  service::FrozenParts freeze() const override;
  [[nodiscard]] Result<void> restore(BytesView part) override;
  void clear() override;

 private:
  /// A line that is kept, and the key it came with.
  struct Kept {
    Line line;
    std::string key{};
  };
  /// The newest lines, within limits.
  struct History {
    std::deque<Kept> lines{};
    std::size_t bytes{0};

    static std::size_t size_of(const Kept& kept);
    void add(Kept kept, std::size_t lines_max, std::size_t bytes_max);
    void drop_front();
    /// Drops what is of that time or older.
    void drop_until(LogTime time);
    /// What `from` said with this key, or nullptr.
    const Kept* find(std::string_view from, std::string_view key) const;
  };
  struct Room final : service::Part {
    void encode(Bytes& out) const override;
    std::string name{};
    std::string topic{};
    std::set<std::string> people{};  // Names.
    History history{};
  };
  struct Person {
    std::string name;
    std::string inbox;
    LogTime since;
    History directs{};
    std::set<std::string> rooms{};  // Not in snapshots: rooms know their people.
  };
  struct People final : service::Part {
    void encode(Bytes& out) const override;
    std::uint8_t block{0};
    std::map<SessionId, Person> people{};
  };
  static constexpr std::uint8_t blocks = 64;
  static constexpr std::uint32_t all_lines = 0xffffffff;

  void handle(const SignIn& request, const service::Command& command, service::Output& output);
  void handle(const Join& request, const service::Command& command, service::Output& output);
  void handle(const Leave& request, const service::Command& command, service::Output& output);
  void handle(const Say& request, const service::Command& command, service::Output& output);
  void handle(const Direct& request, const service::Command& command, service::Output& output);
  void handle(const Nick& request, const service::Command& command, service::Output& output);
  void handle(const SetTopic& request, const service::Command& command, service::Output& output);

  Result<Bytes> answer(const AskRoom& query) const;
  Result<Bytes> answer(const AskRooms& query) const;
  Result<Bytes> answer(const AskPerson& query) const;

  static std::uint8_t block_of(SessionId session);
  const Person* find_person(SessionId session) const;
  Person& change_person(SessionId session);
  template <class Visit>
  void for_each_person(Visit visit) const {
    for (const auto& [block, people] : people_) {
      for (const auto& [session, person] : people.read().people) visit(session, person);
    }
  }
  /// A free name like this one.
  std::string free_name(std::string_view name) const;
  bool is_taken(std::string_view name) const;
  Error taken(std::string_view name) const;
  void add_person(SessionId session, Person person);
  Person take_person(SessionId session);
  /// The room, made if need be. Errors: RESOURCE_EXHAUSTED at the limit of rooms.
  Result<Room*> change_or_make_room(const std::string& name);
  void leave_room(const std::string& room, const std::string& name, service::Output& output);
  void forget_if_empty(const std::string& room);
  void keep(Room& room, Kept kept);
  void keep(Person& person, Kept kept);
  void expires_at(LogTime time);
  void expires_after(const History& history);
  /// Puts into `state` the lines wanted that an answer has room for.
  static void tell_lines(const History& history, const AskRoom& wanted, RoomState& state);

  struct HistoryLimits {
    std::size_t lines_max;
    std::size_t bytes_max;
    bool direct{false};
  };
  static void write_history(const History& history, Bytes& out);
  static bool read_history(Reader& reader, History& history, const HistoryLimits& limits);
  [[nodiscard]] Result<void> restore_people(Reader& reader);
  [[nodiscard]] Result<void> restore_room(Reader& reader);

  const Options options_;
  std::map<std::uint8_t, service::CopyOnWrite<People>> people_{};  // By block; none is empty.
  std::map<std::string, service::CopyOnWrite<Room>> rooms_{};
  // Found again from the parts.
  std::map<std::string, SessionId> names_{};  // Folded.
  std::map<std::string, SessionId> inboxes_{};
  std::optional<LogTime> deadline_{};  // Nothing expires before it.
};

}  // namespace muster::chat
