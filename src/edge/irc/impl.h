// A connection's inside. Its files: connection.cc (bytes, frames and time), telling.cc (what goes
// out), tasks.cc (answers in the order of their lines), commands.cc (the table), and one for each
// kind of command.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/lazy_deque.h"
#include "chat/messages.h"
#include "edge/irc/capabilities.h"
#include "edge/irc/connection.h"
#include "edge/irc/event_lines.h"
#include "edge/irc/history.h"
#include "edge/irc/lines.h"
#include "edge/irc/message.h"
#include "edge/irc/native.h"
#include "edge/irc/numerics.h"
#include "wire/events.h"

namespace muster::edge::irc {

/// Of a mask, what people are who match; the rest is not looked at.
constexpr std::uint32_t people_told_max = 1'000;

/// Part of what a line of input still waits for: returns whether it is done. Called when all before
/// it is done, and again with every frame of the node until then.
using Step = std::function<bool()>;

/// What is left of one line of input.
struct Task {
  std::string command;
  std::string label{};  ///< Of labeled-response; empty: none was asked for.
  LazyDeque<Step> steps{};
  std::size_t inserted{0};           ///< How many the step that runs has put before the others.
  std::vector<std::string> lines{};  ///< Told so far; only of one with a label.
  std::string batch{};               ///< The reference of the batch that they are told in.
  bool is_batch{false};              ///< The lines told are a batch of their own.
  std::vector<SequenceNumber> commands{};  ///< Its own.
  std::set<Position> places{};  ///< Of those that are answered: their events belong to the answer.
  bool held{false};             ///< It waits for the group to decide.
  bool refused{false};          ///< The client was told that nothing can be decided.
};

/// Where events are followed.
struct Follow {
  enum class What { room, inbox, presence, wallops };
  What what{What::room};
  std::string name{};  ///< Of the room, as it was first written; of the person watched.
  wire::EventPosition from{};
};

class Connection::Impl {
 public:
  Impl(const Options& options, Encodings& encodings, Birth birth, Instant now);

  // The interface of `Connection`.
  void received(BytesView bytes, Instant now);
  bool wants_input() const;
  void sent(std::size_t bytes, Instant now);
  void input_ended(Instant now, const std::string& why);
  void frame(const SendFrame& frame, Instant now, LogTime wall);
  void link_closed(Instant now);
  std::vector<wire::Frame> take_frames();
  std::vector<SharedBytes> take_bytes();
  bool finished() const { return phase_ == Phase::finished; }
  Instant deadline() const;
  void tick(Instant now);

 private:
  enum class Phase {
    registering,  ///< Nick, user or the end of its capabilities is missing.
    signing_in,   ///< The group is asked; input waits.
    registered,
    quitting,  ///< It has said QUIT; nothing more is read.
    finished,
  };
  using Handler = void (Impl::*)(const Message&);
  struct Command {
    std::string_view name;
    Handler handler;
    std::size_t params{0};  ///< At least.
    bool before{false};     ///< Also of a client that is not registered.
  };

  // ---- connection.cc: bytes, frames and time ----
  void read_lines(Instant now);
  void refill(Instant now);
  void take_frame(wire::FrameType type, const SharedBytes& body);
  void take_status(BytesView body);
  void take_redirect(BytesView body);
  void take_reached(BytesView body);
  void take_gap(const SharedBytes& body);
  void take_refused(BytesView body);
  void take_replies(BytesView body);
  void ping_client(Instant now);
  void confirm();
  std::optional<Position> told_up_to() const;
  LogTime wall() const;
  /// Tells why and is over. `ends`: so is the session, where nobody could take it over.
  void close(const std::string& reason, bool ends);
  void leave_session(const std::string& reason);

  // ---- telling.cc: what goes out ----
  void put(std::string_view text);
  void put(const std::shared_ptr<const Encoded>& encoded, std::size_t begin, std::size_t end);
  void put_run();
  void put_text();
  void count(std::size_t bytes);
  /// A line as an answer of the task at hand, or as it comes if there is none.
  void say(std::string line);
  void say_now(std::string line);
  void numeric(std::string_view code, std::initializer_list<std::string_view> middle,
               std::optional<std::string_view> trailing = {});
  std::string fail_line(std::string_view command, std::string_view code,
                        std::initializer_list<std::string_view> context,
                        std::string_view text) const;
  std::string numeric_line(std::string_view code, std::initializer_list<std::string_view> middle,
                           std::optional<std::string_view> trailing = {}) const;
  /// Words of a list, in as many lines as they need.
  void numeric_list(std::string_view code, std::initializer_list<std::string_view> middle,
                    const std::vector<std::string>& words, char between = ' ');
  void notice(std::string_view text);
  /// IRCv3 standard replies; without that capability as a notice.
  void fail(std::string_view command, std::string_view code,
            std::initializer_list<std::string_view> context, std::string_view text);
  void tell_events();
  void tell_whole(const std::shared_ptr<const Encoded>& encoded);
  void tell(const std::shared_ptr<const Encoded>& encoded, const EncodedLine& line);
  bool is_told(const EncodedLine& event, const Follow& follow);
  bool is_to_self(const chat::Line& line) const;
  Task* task_of(const EncodedLine& line);
  bool is_whole_answer(const Task& task, const EncodedLine& line) const;
  void answer_event(Task& task, const std::shared_ptr<const Encoded>& encoded,
                    const EncodedLine& line);
  void take_places();
  void note(const EncodedLine& line, const Follow& follow);
  void tell_presence(const EncodedLine& line, const Follow& follow);
  void forget_persons_told();
  std::string_view target() const {
    return nick_.empty() ? std::string_view("*") : std::string_view(nick_);
  }
  bool is_self(std::string_view name) const;
  bool has(Capability capability) const { return capabilities_.has(capability); }
  std::string own_prefix() const { return nick_ + "!" + user_ + "@" + host_; }

  // ---- tasks.cc: answers in order ----
  void begin_task(const Message& message);
  void run_tasks();
  /// True: none of its steps is left.
  bool run_steps(Task& task);
  void finish_task(Task& task);
  void answer_line(std::string line);
  void open_batch(Task& task);
  void refuse_write();
  void step(Step step);
  /// To be done when all before it is.
  void then(std::function<void()> done);
  /// Its answer, in its turn.
  void await(SequenceNumber command, std::function<void(const Native::Answer&)> done);
  /// Until all is told that the node knew of when this came to be its turn.
  void barrier();
  /// Asked in its turn. `decode` is that of the answer.
  template <class T>
  void ask(const chat::Query& query, Result<T> (*decode)(BytesView),
           std::type_identity_t<std::function<void(const T&, LogIndex)>> done);
  void ask_bytes(chat::Query query, std::function<void(const Native::Read&)> done);
  /// Also of what can't be a name: nobody has it.
  void ask_person(const std::string& name, std::function<void(const chat::PersonState&)> done);
  /// Also of what can't be a room.
  void ask_channel(const chat::AskChannel& query, std::function<void(const chat::Channel&)> done);
  void ask_members(std::function<void(const wire::Members&)> done);
  void ask_status(std::function<void(const wire::Status&)> done);
  /// Sent at once; nothing, and the client is told why, while nothing can be decided.
  std::optional<SequenceNumber> write(const chat::Request& request);
  /// The same, with its refusals told, and then `done` if it was done. `subject` is what it is
  /// about: a room as IRC has it, or a name.
  void order(const chat::Request& request, std::string subject,
             std::function<void(const chat::Receipt&)> done = {});
  void tell_refusals(const Native::Answer& answer, const std::string& subject);
  void tell_refusal(const chat::Refusal& refusal, const std::string& subject);
  std::string_view command() const {
    return task_ != nullptr ? std::string_view(task_->command) : std::string_view("*");
  }

  // ---- commands.cc ----
  static std::span<const Command> commands();
  void handle(const Message& message);
  void take_line(const LineReader::Line& line);

  // ---- registration.cc ----
  void cap(const Message& message);
  void change_capabilities(const std::string& request);
  void pass(const Message& message);
  void nick(const Message& message);
  void user(const Message& message);
  void quit(const Message& message);
  void ping(const Message& message);
  void pong(const Message& message);
  void nothing(const Message&) {}
  void register_if_ready();
  void sign_in();
  void signed_in(const Native::Answer& answer);
  void refused_name(const chat::Refusal& refusal);
  void welcome();
  void isupport();
  void change_nick(const std::string& name);
  std::string inbox_of(std::string_view nick) const;
  void follow_inbox(Position from);

  // ---- takeover.cc ----
  void take_over(Position at);
  void recall(const chat::PersonState& person, Position at);
  void ask_missed(const chat::PersonState& person, Position at);
  void shorten_missed();
  void tell_missed(const chat::PersonState& person);

  // ---- channels.cc ----
  void join(const Message& message);
  void join_one(const std::string& channel, const std::string& key);
  void joined(const std::string& room, const chat::Receipt& receipt);
  void follow_room(const std::string& room, wire::EventPosition from);
  void leave_room(const std::string& room);
  void part(const Message& message);
  void topic(const Message& message);
  void names(const Message& message);
  void kick(const Message& message);
  void invite(const Message& message);
  void tell_topic(const chat::Channel& channel, bool none_too);
  void tell_names(const chat::Channel& channel, std::string_view asked);
  bool is_in(std::string_view room) const;
  bool may_see(const chat::Channel& channel) const;
  /// The room of `#den`, or nothing and the client is told so.
  std::optional<std::string> room_of(std::string_view channel);

  // ---- room_modes.cc ----
  void mode(const Message& message);
  void room_mode(const std::string& room, const Message& message);
  void own_mode(const Message& message);
  void tell_modes(const chat::Channel& channel, std::string_view asked);
  void tell_masks(const chat::Channel& channel, char letter);

  // ---- talking.cc ----
  void privmsg(const Message& message);
  void notice_command(const Message& message);
  void tagmsg(const Message& message);
  void talk(const Message& message, chat::Manner manner);
  void talk_to(const std::string& target, const Message& message, chat::Manner manner,
               const std::string& text);
  void echo(const chat::Receipt& receipt, const chat::Line& line);
  void away(const Message& message);
  void setname(const Message& message);

  // ---- people.cc ----
  void who(const Message& message);
  void who_room(const std::string& room, const std::string& mask, const std::string& fields);
  void who_people(const std::string& mask, const std::string& fields);
  void whois(const Message& message);
  void whois_person(const std::string& name);
  void tell_whois(const chat::PersonState& person, const std::string& asked);
  std::int64_t idle_seconds(LogTime spoke) const;
  /// Where somebody is connected; the network for one who may be anywhere in it.
  const std::string& server_of(const std::string& server) const {
    return server.empty() ? options_.network : server;
  }
  void whowas(const Message& message);
  void userhost(const Message& message);
  void ison(const Message& message);

  // ---- server_queries.cc ----
  /// Whether a mask that a client gave as target means this one.
  bool is_this_server(std::string_view mask) const { return matches(mask, options_.server_name); }
  /// The same; tells the client that there is no such server if not. Empty: this one.
  bool is_asked(std::string_view target);
  std::string server_name_of(const wire::MemberStatus& member) const {
    return as_server_name(member.name() + "." + options_.network);
  }
  void list(const Message& message);
  void lusers(const Message& message);
  void tell_lusers();
  void motd(const Message& message);
  void tell_motd();
  void version(const Message& message);
  void time(const Message& message);
  void info(const Message& message);
  void admin(const Message& message);
  void help(const Message& message);
  void links(const Message& message);
  void map(const Message& message);
  void stats(const Message& message);
  void tell_uptime();
  void tell_group();
  void not_over_irc(const Message& message);
  void summon(const Message& message);
  void users(const Message& message);

  // ---- opers.cc ----
  void oper(const Message& message);
  void wrong_password();
  void kill(const Message& message);
  void wallops(const Message& message);
  void chghost(const Message& message);
  void follow_wallops(wire::EventPosition from);
  void unfollow_wallops();
  void note_own_modes(const EncodedLine& event);
  void note_own_host(std::string_view address);
  void note_kill(const chat::Line& line);

  // ---- history.cc ----
  void chathistory(const Message& message);
  void history_targets(const Message& message);
  void history_around(chat::AskHistory query, const std::string& target, const std::string& text);
  void history_between(chat::AskHistory query, const std::string& target, const Selector& first,
                       const Selector& second);
  std::string name_of_target(const std::string& target, const std::vector<chat::Line>& lines) const;
  void tell_history(const std::string& target, const std::vector<chat::Line>& lines);
  std::optional<std::uint32_t> history_limit(std::string_view text, std::string_view sub);

  // ---- monitor.cc ----
  void monitor(const Message& message);
  void watch(const std::vector<std::string>& names);
  void unwatch(const std::string& name);
  void tell_whether_there(const std::string& name);

  const Options& options_;
  Encodings& encodings_;
  const Birth birth_;
  Native native_;
  Phase phase_{Phase::registering};
  bool session_open_{false};   // As the node says.
  bool session_asked_{false};  // It was asked to open it.
  bool link_open_{true};
  bool socket_open_{true};

  // Who it is.
  std::string nick_{};
  std::string user_{};
  std::string host_{};
  std::string real_name_{};
  std::string password_{};
  std::string inbox_{};
  Capabilities capabilities_{};
  bool negotiating_{false};
  std::size_t capability_requests_{0};  // That are not yet answered; until then nothing is read.
  bool knows_302_{false};
  std::size_t wrong_passwords_{0};  // Of an IRC operator.

  // What it follows.
  std::map<std::string, Follow, std::less<>> follows_{};       // By topic.
  std::map<std::string, std::string, std::less<>> rooms_{};    // That it is in: folded, its topic.
  std::map<std::string, std::string, std::less<>> watched_{};  // Folded name: as it was asked for.
  std::vector<std::shared_ptr<const Encoded>> events_{};       // Of this turn, not yet told.
  std::set<std::pair<Position, chat::Kind>> persons_told_{};
  std::vector<chat::Line> missed_{};  // While it takes a session over.
  bool missed_too_much_{false};       // Not all of it is told.

  // Input.
  LineReader reader_{};
  double tokens_{0};
  Instant refilled_{};
  std::list<Task> tasks_{};
  Task* task_{nullptr};  // Whose line is looked at, or whose step runs.
  bool running_{false};  // A step runs: its lines go out at once.
  std::uint64_t batches_{0};

  // Output.
  std::vector<SharedBytes> out_{};
  std::string text_{};                    // After those.
  std::shared_ptr<const Encoded> run_{};  // After those, a piece of it.
  std::size_t run_begin_{0};
  std::size_t run_end_{0};
  std::uint64_t bytes_told_{0};
  std::uint64_t bytes_sent_{0};

  // Time.
  Instant now_{};
  Instant born_{};
  Instant heard_{};
  std::optional<Instant> pinged_{};
  std::optional<Position> confirms_{};   // What the PONG that is awaited says.
  std::optional<Instant> told_since_{};  // Something was told that is not confirmed.
  Position delivered_{};
  LogTime wall_{};
  Instant wall_at_{};

  // The group.
  bool writable_{true};
  bool said_unwritable_{false};
  std::optional<Instant> ask_status_at_{};
  std::shared_ptr<std::optional<wire::Status>> awaited_status_{};  // Of a step: where it goes.
  std::string why_unwritable_{};
  std::string why_closed_{};
};

template <class T>
void Connection::Impl::ask(const chat::Query& query, Result<T> (*decode)(BytesView),
                           std::type_identity_t<std::function<void(const T&, LogIndex)>> done) {
  ask_bytes(query, [this, decode, done = std::move(done)](const Native::Read& read) {
    const Result<T> answer = decode(read.payload);
    if (answer) {
      done(*answer, read.index);
    } else {
      numeric(err_unknownerror, {command()}, answer.error().message);
    }
  });
}

}  // namespace muster::edge::irc
