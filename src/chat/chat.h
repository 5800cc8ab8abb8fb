// The group chat as a service: people, rooms, what was said.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/history.h"
#include "chat/messages.h"
#include "chat/state.h"
#include "muster/codec.h"
#include "muster/copy_on_write.h"
#include "muster/machine.h"

namespace muster::chat {

inline constexpr ServiceId service_id{3};

/// What those in a room follow: `chat/ROOM`, folded. Each event is a `Line`.
std::string room_topic(std::string_view room);
/// Where a person's direct messages come: `chat/@INBOX`. Each event is a `Line`.
std::string inbox_topic(std::string_view inbox);
/// Whether somebody of that name is there: `chat/!NAME`, folded. Events: `Line`s of the kinds
/// `online`, `offline`, `away` and `real_name`.
std::string presence_topic(std::string_view name);

/// Where `Wallops` are told. Each event is a `Line`.
std::string wallops_topic();

/// Why somebody has gone whose session was ended.
inline constexpr std::string_view session_ended_reason = "Connection lost";

/// Group chat, with the rules of IRC. Commands: `Request`; the reply to each is a `Receipt`, also
/// if it was refused (only bytes that are no command are refused as such). What a command does is
/// told on the topics of the rooms concerned, and is answered when it is in the log.
///
/// **Names** of people and rooms that differ in the case of ASCII letters are the same.
///
/// **People.** A session signs in once, with a name that nobody has who is signed in; one taken is
/// refused, naming a free one. When the session ends, its person leaves all rooms and the name is
/// free. What a person does to itself (another name, going, absence, full name) is told in each of
/// its rooms, on its inbox and on `presence_topic`; its own modes on the inbox only. The last who
/// had a name and have gone are remembered.
///
/// **Rooms** come to be when somebody joins, and go when they are empty and nothing said is left of
/// their history. To speak in a room that there is one need not have joined it, unless it has mode
/// `n`. New rooms have no modes; when a room is empty its modes, masks and invitations are gone,
/// and if it had mode `i`, `k` or `s`, so are its topic and history: whoever comes next was perhaps
/// not to see them.
///
/// **Ranks** `q a o h v`, highest first. Who joins a room without people gets `o`. `v` is given and
/// taken by `h` and above, `h` and `o` by `o` and above, `a` and `q` by whoever is highest in the
/// room and at least `o`. Nobody takes a rank from somebody higher, or puts such a person out; `h`
/// puts out only who is below. Modes are changed by `o`, masks by `h`.
///
/// **Modes** of rooms: `i` by invitation only, `m` only `v` and above speak, `n` only those inside
/// speak, `s` secret (what that hides is up to who shows rooms), `t` the topic needs `h`, `C` no
/// CTCP but actions, `k` a key, `l` a number of people. Masks: `b` may neither join nor speak, `e`
/// is not banned after all, `I` is invited. An operator's invitation opens a room to one person
/// once, whatever its modes.
///
/// **IRC operators.** Operators of the group name them and give each a password (`muster rmi
/// chat.oper`); who proves to have it gets mode `o`, and may put people out of the group, change
/// the host that others see, and speak to all who have mode `w`. They have no rank in rooms by
/// that. When the name is taken away or has another password, those who came by it lose the mode.
///
/// **Inboxes.** Direct messages go to both persons' topics `chat/@INBOX`. An inbox is a long random
/// word that the client made up; no query or event tells it, so in effect only its owner can follow
/// that topic. Who signs in with the inbox of somebody who is signed in is that person, in a new
/// session: name and rooms pass over. Not protected: servers, their logs and snapshots have inboxes
/// and texts in the clear, and every client that a group lets in may follow every room.
///
/// **History** has what was said and done, topics, who came and went, names and modes, within the
/// limits below. If all histories together are too long, the longest gives way.
///
/// Query: `Query`; answers as there. Topics: `room_topic` and `inbox_topic`; the state of either is
/// a `RoomState`; `presence_topic`, whose state is a `PersonState`; `wallops_topic`, whose state is
/// an empty `RoomState`. A room that does not exist yet
/// has an empty one.
class Chat final : public service::Machine {
 public:
  /// The same on all servers of a group.
  struct Options {
    std::size_t people_max{4'096};
    std::size_t rooms_max{256};
    std::size_t people_per_room_max{1'024};
    std::size_t rooms_per_person_max{32};
    std::size_t masks_per_room_max{100};                       ///< Of `b`, `e` and `I` together.
    std::size_t invitations_per_room_max{64};                  ///< The oldest go.
    std::size_t mode_changes_max{chat::mode_changes_max};      ///< Of one command.
    std::size_t gone_people_max{1'000};                        ///< Remembered; the oldest go.
    std::size_t opers_max{64};                                 ///< Names of IRC operators.
    std::size_t history_lines_max{10'000};                     ///< Of a room; the oldest go.
    std::size_t history_bytes_max{std::size_t{2} << 20U};      ///< Of a room; the oldest go.
    std::size_t histories_bytes_max{std::size_t{128} << 20U};  ///< Of all rooms.
    std::chrono::milliseconds history_age_max{std::chrono::hours{30 * 24}};
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
  void session_ended(SessionId session, Position at, LogTime now, service::Output& output) override;
  Result<Bytes> topic_state(std::string_view topic) const override;
  Result<Bytes> query(BytesView request) const override;
  /// Who may become an IRC operator, and who no more.
  std::vector<service::OperatorCommand> operator_commands() const override;
  Result<Bytes> operator_command(std::string_view name, std::span<const std::string> arguments,
                                 std::string_view key) const override;
  Result<std::string> operator_outcome(BytesView reply) const override;
  service::FrozenParts freeze() const override;
  [[nodiscard]] Result<void> restore(BytesView part) override;
  void clear() override;

 private:
  /// When something happens, and who is told.
  struct Moment {
    Position position;
    LogTime time;
    service::Output& output;
  };
  /// A command being carried out; `receipt` becomes the reply.
  struct Turn : Moment {
    SessionId session;
    bool system{false};  // Of the leader itself.
    Receipt receipt{};
    void refuse(Reason reason, std::string message, std::string subject = {});
    /// It was said before: that is where.
    void repeat(const KeptLine& line);
  };
  struct RoomEntry {
    service::CopyOnWrite<Room> room{};
    KeptLines history{};
  };
  /// The changes that one command made, as a line of kind `mode` tells them.
  struct ModeText {
    void add(bool set, char letter, std::string_view argument);
    std::string text() const { return letters + arguments; }
    std::string letters{};
    std::string arguments{};
    std::optional<bool> setting{};
  };
  static constexpr std::uint8_t blocks = 64;

  // people.cc
  void handle(const SignIn& request, Turn& turn);
  void handle(const SignOut& request, Turn& turn);
  void handle(const Nick& request, Turn& turn);
  void handle(const SetAway& request, Turn& turn);
  void handle(const SetRealName& request, Turn& turn);
  void handle(const SetOwnModes& request, Turn& turn);
  void handle(const Delivered& request, Turn& turn);
  void change_modes(SessionId session, const std::string& modes, const ModeText& text,
                    const Moment& now);
  static bool are_valid(const SignIn& request, Turn& turn);
  void take_over(SessionId before, const std::string& server, Turn& turn);
  void change_inbox(const std::string& inbox, Turn& turn);
  void change_name(const std::string& name, Turn& turn);
  void quit(SessionId session, const std::string& reason, const Moment& now);
  /// In all rooms of the person and on its inbox; the line gets who it is from.
  void tell_around(const Person& person, Line line, const Moment& now);
  static void tell_presence(const Person& person, Kind kind, const Moment& now,
                            std::string_view text = {});
  static std::uint8_t block_of(SessionId session);
  const Person* find_person(SessionId session) const;
  /// By name, whatever its case.
  const Person* find_person(std::string_view name) const;
  const Person& person_of(const Turn& turn) const { return *find_person(turn.session); }
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
  /// The same; refuses if there is nobody of that name.
  const Person* person_here(const std::string& name, Turn& turn) const;
  void refuse_taken(const std::string& name, Turn& turn) const;
  void add_person(SessionId session, Person person);
  Person take_person(SessionId session);
  void remember_gone(const Person& person, LogTime until);

  // opers.cc
  void handle(const SetOper& request, Turn& turn);
  void handle(const Oper& request, Turn& turn);
  void handle(const Kill& request, Turn& turn);
  void handle(const Wallops& request, Turn& turn);
  void handle(const SetHost& request, Turn& turn);
  Result<Bytes> answer(const AskOper& query) const;
  bool is_oper(Turn& turn) const;
  void set_oper(SessionId session, const std::string& oper, const Moment& now);

  // rooms.cc
  void handle(const Join& request, Turn& turn);
  void handle(const Leave& request, Turn& turn);
  void handle(const Kick& request, Turn& turn);
  void handle(const Invite& request, Turn& turn);
  void handle(const SetTopic& request, Turn& turn);
  /// The room as it is, or nullptr. `key`: folded.
  const Room* find_room(const std::string& key) const;
  /// The key of a room that exists and that this turn's person is in; else refuses.
  std::optional<std::string> own_room(const std::string& name, Turn& turn) const;
  static void refuse_no_room(const std::string& name, Turn& turn);
  bool may_join(const Room& room, const Join& request, Turn& turn) const;
  /// Makes the room if need be; false, and refuses, at the limit of rooms.
  bool make_room(const std::string& name, Turn& turn);
  /// Takes somebody out who was told of already.
  void remove_from_room(const std::string& key, const std::string& person);
  void tell_room(const std::string& key, Line line, const Moment& now,
                 std::string_view said_key = {});
  /// Topic and history.
  void forget_content(const std::string& key);
  void forget_empty_rooms();

  // modes.cc
  void handle(const SetModes& request, Turn& turn);
  void change_mode(const std::string& room, const ModeChange& change, Turn& turn, ModeText& text);
  void change_rank(const std::string& room, const ModeChange& change, Turn& turn, ModeText& text);
  void change_flag(const std::string& room, const ModeChange& change, ModeText& text);
  void change_key(const std::string& room, const ModeChange& change, Turn& turn, ModeText& text);
  void change_limit(const std::string& room, const ModeChange& change, Turn& turn, ModeText& text);
  void change_mask(const std::string& room, const ModeChange& change, Turn& turn, ModeText& text);

  // speaking.cc
  void handle(const Say& request, Turn& turn);
  void handle(const Direct& request, Turn& turn);
  bool may_speak(const Room& room, const Say& request, Turn& turn) const;
  void keep(RoomEntry& entry, const std::string& key, const KeptLine& line);
  void keep(SessionId session, const KeptLine& line);
  void shorten_histories();
  void expires_at(LogTime time);
  void expires_after(const KeptLines& history);

  // queries.cc
  Result<Bytes> answer(const AskRoom& query) const;
  Result<Bytes> answer(const AskRooms& query) const;
  Result<Bytes> answer(const AskPerson& query) const;
  Result<Bytes> answer(const AskChannel& query) const;
  Result<Bytes> answer(const AskHistory& query) const;
  Result<Bytes> answer(const AskPeople& query) const;
  Result<Bytes> answer(const AskGone& query) const;
  PersonState state_of(const Person& person) const;
  Member member_of(const std::string& name, const std::string& ranks) const;

  // snapshot.cc
  HistoryLimits room_limits() const {
    return {.lines = options_.history_lines_max, .bytes = options_.history_bytes_max};
  }
  HistoryLimits direct_limits() const {
    return {.lines = options_.directs_max, .bytes = options_.direct_bytes_max};
  }
  [[nodiscard]] Result<void> restore_people(Reader& reader);
  [[nodiscard]] Result<void> restore_gone(Reader& reader);
  [[nodiscard]] Result<void> restore_opers(Reader& reader);
  [[nodiscard]] Result<void> restore_room(Reader& reader);
  [[nodiscard]] Result<void> restore_lines(Reader& reader);
  bool restore_members(Reader& reader, Room& room) const;
  bool restore_masks(Reader& reader, Room& room) const;
  bool restore_invited(Reader& reader, Room& room) const;
  bool is_valid(const Room& room) const;

  const Options options_;
  std::map<std::uint8_t, service::CopyOnWrite<PeopleBlock>> people_{};  // None is empty.
  service::CopyOnWrite<GonePeople> gone_{};
  service::CopyOnWrite<Opers> opers_{};
  std::map<std::string, RoomEntry> rooms_{};  // By folded name.
  // Found again from the parts.
  std::map<std::string, SessionId, std::less<>> names_{};  // Folded.
  std::map<std::string, SessionId, std::less<>> inboxes_{};
  std::size_t histories_bytes_{0};
  std::optional<LogTime> deadline_{};  // Nothing expires before it.
  // Rooms that may have to go when the command is done.
  std::vector<std::string> perhaps_empty_{};
};

}  // namespace muster::chat
