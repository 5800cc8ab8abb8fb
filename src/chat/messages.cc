// Lines, commands and their receipts.
#include "chat/messages.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "chat/chat.pb.h"
#include "chat/schema.h"
#include "wire/control.h"
#include "wire/timestamp.h"

namespace muster::chat {
namespace {

using wire::put_time;
using wire::to_time;

Result<Manner> to_manner(schema::Manner::Value manner) {
  if (manner == schema::Manner::UNKNOWN) return Manner::message;
  if (!schema::Manner::Value_IsValid(manner)) return unknown_to_this_version("manner of speaking");
  return static_cast<Manner>(manner);
}

schema::Manner::Value schema_of(Manner manner) {
  return static_cast<schema::Manner::Value>(manner);
}

// ---- Commands -----------------------------------------------------------------------------------

void put(const SignIn& request, schema::Command& out) {
  schema::SignIn& sign_in = *out.mutable_sign_in();
  sign_in.set_name(request.name);
  sign_in.set_inbox(request.inbox);
  sign_in.set_user(request.user);
  sign_in.set_host(request.host);
  sign_in.set_real_name(request.real_name);
  sign_in.set_server(request.server);
}
void put(const Join& request, schema::Command& out) {
  out.mutable_join()->set_room(request.room);
  out.mutable_join()->set_key(request.key);
}
void put(const Leave& request, schema::Command& out) {
  out.mutable_leave()->set_room(request.room);
  out.mutable_leave()->set_reason(request.reason);
}
void put(const Say& request, schema::Command& out) {
  schema::Say& say = *out.mutable_say();
  say.set_room(request.room);
  say.set_text(request.text);
  say.set_manner(schema_of(request.manner));
  say.set_key(request.key);
  say.set_tags(request.tags);
}
void put(const Direct& request, schema::Command& out) {
  schema::Direct& direct = *out.mutable_direct();
  direct.set_to(request.to);
  direct.set_text(request.text);
  direct.set_manner(schema_of(request.manner));
  direct.set_key(request.key);
  direct.set_tags(request.tags);
}
void put(const Nick& request, schema::Command& out) {
  out.mutable_nick()->set_name(request.name);
  out.mutable_nick()->set_inbox(request.inbox);
}
void put(const SetTopic& request, schema::Command& out) {
  out.mutable_set_topic()->set_room(request.room);
  out.mutable_set_topic()->set_text(request.text);
}
void put(const Kick& request, schema::Command& out) {
  out.mutable_kick()->set_room(request.room);
  out.mutable_kick()->set_name(request.name);
  out.mutable_kick()->set_reason(request.reason);
}
void put(const Invite& request, schema::Command& out) {
  out.mutable_invite()->set_room(request.room);
  out.mutable_invite()->set_name(request.name);
}
void put(const ModeChange& change, schema::ModeChange& out) {
  out.set_mode(static_cast<std::uint8_t>(change.mode));
  out.set_set(change.set);
  out.set_argument(change.argument);
}
void put(const SetModes& request, schema::Command& out) {
  schema::SetModes& modes = *out.mutable_set_modes();
  modes.set_room(request.room);
  for (const ModeChange& change : request.changes) put(change, *modes.add_changes());
}
void put(const SetOwnModes& request, schema::Command& out) {
  schema::SetOwnModes& modes = *out.mutable_set_own_modes();
  for (const ModeChange& change : request.changes) put(change, *modes.add_changes());
}
void put(const SetAway& request, schema::Command& out) {
  out.mutable_set_away()->set_text(request.text);
}
void put(const SetRealName& request, schema::Command& out) {
  out.mutable_set_real_name()->set_text(request.text);
}
void put(const SignOut& request, schema::Command& out) {
  out.mutable_sign_out()->set_reason(request.reason);
}
void put(const Delivered& request, schema::Command& out) {
  chat::put(request.position, *out.mutable_delivered()->mutable_position());
}

std::string bytes_of(const wire::Sha256& hash) {
  return std::string(as_text(hash));
}

/// Nothing if it is not of that length.
std::optional<wire::Sha256> to_hash(std::string_view bytes) {
  wire::Sha256 hash{};
  if (bytes.size() != hash.size()) return std::nullopt;
  std::ranges::copy(as_bytes(bytes), hash.begin());
  return hash;
}

void put(const SetOper& request, schema::Command& out) {
  schema::SetOper& oper = *out.mutable_set_oper();
  oper.set_name(request.name);
  oper.set_key(request.key);
  if (request.credential == OperCredential{}) return;
  oper.set_salt(request.credential.salt);
  oper.set_iterations(request.credential.iterations);
  oper.set_stored_key(bytes_of(request.credential.stored_key));
}
void put(const Oper& request, schema::Command& out) {
  out.mutable_oper()->set_name(request.name);
  out.mutable_oper()->set_proof(bytes_of(request.proof));
}
void put(const Kill& request, schema::Command& out) {
  out.mutable_kill()->set_name(request.name);
  out.mutable_kill()->set_reason(request.reason);
}
void put(const Wallops& request, schema::Command& out) {
  out.mutable_wallops()->set_text(request.text);
}
void put(const SetHost& request, schema::Command& out) {
  out.mutable_set_host()->set_name(request.name);
  out.mutable_set_host()->set_host(request.host);
}

Result<Request> read(schema::SetOper&& message) {
  SetOper request{.name = std::move(*message.mutable_name()), .key = message.key()};
  if (message.stored_key().empty()) return Request{std::move(request)};
  const auto stored = to_hash(message.stored_key());
  if (!stored) return Error{ErrorCode::invalid_argument, "a stored key has 32 bytes"};
  request.credential = {.salt = std::move(*message.mutable_salt()),
                        .iterations = message.iterations(),
                        .stored_key = *stored};
  return Request{std::move(request)};
}

Result<Request> read(schema::Oper&& message) {
  const auto proof = to_hash(message.proof());
  if (!proof) return Error{ErrorCode::invalid_argument, "the proof of a password has 32 bytes"};
  return Request{Oper{.name = std::move(*message.mutable_name()), .proof = *proof}};
}

Request read(schema::SignIn&& message) {
  return SignIn{.name = std::move(*message.mutable_name()),
                .inbox = std::move(*message.mutable_inbox()),
                .user = std::move(*message.mutable_user()),
                .host = std::move(*message.mutable_host()),
                .real_name = std::move(*message.mutable_real_name()),
                .server = std::move(*message.mutable_server())};
}

Result<Request> read(schema::Say&& message) {
  const auto manner = to_manner(message.manner());
  if (!manner) return manner.error();
  return Request{Say{.room = std::move(*message.mutable_room()),
                     .text = std::move(*message.mutable_text()),
                     .manner = *manner,
                     .key = std::move(*message.mutable_key()),
                     .tags = std::move(*message.mutable_tags())}};
}

Result<Request> read(schema::Direct&& message) {
  const auto manner = to_manner(message.manner());
  if (!manner) return manner.error();
  return Request{Direct{.to = std::move(*message.mutable_to()),
                        .text = std::move(*message.mutable_text()),
                        .manner = *manner,
                        .key = std::move(*message.mutable_key()),
                        .tags = std::move(*message.mutable_tags())}};
}

template <class Messages>
Result<std::vector<ModeChange>> read_changes(const Messages& messages) {
  std::vector<ModeChange> changes;
  changes.reserve(static_cast<std::size_t>(messages.size()));
  for (const schema::ModeChange& change : messages) {
    const auto letter = to_letter(change.mode());
    if (!letter) return letter.error();
    changes.push_back({.mode = *letter, .set = change.set(), .argument = change.argument()});
  }
  return changes;
}

Result<Request> read(const schema::SetModes& message) {
  auto changes = read_changes(message.changes());
  if (!changes) return changes.error();
  return Request{SetModes{.room = message.room(), .changes = std::move(*changes)}};
}

Result<Request> read(const schema::SetOwnModes& message) {
  auto changes = read_changes(message.changes());
  if (!changes) return changes.error();
  return Request{SetOwnModes{std::move(*changes)}};
}

}  // namespace

// ---- What they share ----------------------------------------------------------------------------

Error unknown_to_this_version(std::string_view what) {
  return {ErrorCode::invalid_argument,
          "this version of the chat service knows no such " + std::string(what)};
}

void put(Position position, schema::Place& out) {
  out.set_index(position.index.value);
  out.set_ordinal(position.ordinal);
}

Position to_position(const schema::Place& place) {
  return {.index = {place.index()}, .ordinal = place.ordinal()};
}

Result<char> to_letter(std::uint32_t letter) {
  const bool plain = (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
                     (letter >= 'a' && letter <= 'z');
  if (!plain) return Error{ErrorCode::invalid_argument, "a mode is an ASCII letter"};
  return static_cast<char>(letter);
}

std::string_view name_of(Kind kind) {
  constexpr std::array<std::string_view, 21> names{
      "UNKNOWN", "MESSAGE",   "ACTION", "JOIN",    "LEAVE", "NICK",   "TOPIC",
      "DIRECT",  "NOTICE",    "TAGS",   "KICK",    "MODE",  "INVITE", "QUIT",
      "AWAY",    "REAL_NAME", "ONLINE", "OFFLINE", "HOST",  "KILL",   "WALLOPS"};
  return names.at(static_cast<std::size_t>(kind));
}

void put(const Line& line, schema::Line& out) {
  out.set_index(line.position.index.value);
  out.set_ordinal(line.position.ordinal);
  out.set_room(line.room);
  out.set_from(line.from);
  out.set_text(line.text);
  if (line.time != LogTime{}) put_time(line.time, *out.mutable_time());
  out.set_kind(static_cast<schema::Kind::Value>(line.kind));
  out.set_to(line.to);
  if (line.manner != Manner::message) out.set_manner(schema_of(line.manner));
  out.set_user(line.user);
  out.set_real_name(line.real_name);
  out.set_tags(line.tags);
  out.set_away(line.away);
  out.set_bot(line.bot);
}

Result<Line> to_line(schema::Line&& line) {
  if (!schema::Kind::Value_IsValid(line.kind()) || line.kind() == schema::Kind::UNKNOWN) {
    return unknown_to_this_version("kind of line");
  }
  const auto manner = to_manner(line.manner());
  if (!manner) return manner.error();
  return Line{.position = {.index = {line.index()}, .ordinal = line.ordinal()},
              .time = to_time(line.time()),
              .kind = static_cast<Kind>(line.kind()),
              .room = std::move(*line.mutable_room()),
              .from = std::move(*line.mutable_from()),
              .to = std::move(*line.mutable_to()),
              .text = std::move(*line.mutable_text()),
              .manner = *manner,
              .user = std::move(*line.mutable_user()),
              .real_name = std::move(*line.mutable_real_name()),
              .tags = std::move(*line.mutable_tags()),
              .away = std::move(*line.mutable_away()),
              .bot = line.bot()};
}

// ---- Bytes --------------------------------------------------------------------------------------

Bytes encode(const Line& line) {
  schema::Line out;
  put(line, out);
  return wire::encode(out);
}

Result<Line> decode_line(BytesView bytes) {
  auto line = wire::decode<schema::Line>(bytes);
  if (!line) return line.error();
  return to_line(std::move(*line));
}

Bytes encode(const Request& request) {
  schema::Command command;
  std::visit([&](const auto& one) { put(one, command); }, request);
  return wire::encode(command);
}

Result<Request> decode_request(BytesView bytes) {
  auto command = wire::decode<schema::Command>(bytes);
  if (!command) return command.error();
  switch (command->what_case()) {
    case schema::Command::kSignIn:
      return read(std::move(*command->mutable_sign_in()));
    case schema::Command::kJoin:
      return Request{Join{command->join().room(), command->join().key()}};
    case schema::Command::kLeave:
      return Request{Leave{command->leave().room(), command->leave().reason()}};
    case schema::Command::kSay:
      return read(std::move(*command->mutable_say()));
    case schema::Command::kDirect:
      return read(std::move(*command->mutable_direct()));
    case schema::Command::kNick:
      return Request{Nick{command->nick().name(), command->nick().inbox()}};
    case schema::Command::kSetTopic:
      return Request{SetTopic{command->set_topic().room(), command->set_topic().text()}};
    case schema::Command::kKick:
      return Request{
          Kick{command->kick().room(), command->kick().name(), command->kick().reason()}};
    case schema::Command::kInvite:
      return Request{Invite{command->invite().room(), command->invite().name()}};
    case schema::Command::kSetModes:
      return read(command->set_modes());
    case schema::Command::kSetOwnModes:
      return read(command->set_own_modes());
    case schema::Command::kSetAway:
      return Request{SetAway{command->set_away().text()}};
    case schema::Command::kSetRealName:
      return Request{SetRealName{command->set_real_name().text()}};
    case schema::Command::kSignOut:
      return Request{SignOut{command->sign_out().reason()}};
    case schema::Command::kDelivered:
      return Request{Delivered{to_position(command->delivered().position())}};
    case schema::Command::kSetOper:
      return read(std::move(*command->mutable_set_oper()));
    case schema::Command::kOper:
      return read(std::move(*command->mutable_oper()));
    case schema::Command::kKill:
      return Request{Kill{command->kill().name(), command->kill().reason()}};
    case schema::Command::kWallops:
      return Request{Wallops{command->wallops().text()}};
    case schema::Command::kSetHost:
      return Request{SetHost{command->set_host().name(), command->set_host().host()}};
    case schema::Command::WHAT_NOT_SET:
      break;
  }
  return unknown_to_this_version("command");
}

Bytes encode(const Receipt& receipt) {
  schema::Receipt out;
  out.set_index(receipt.position.index.value);
  out.set_ordinal(receipt.position.ordinal);
  out.set_repeated(receipt.repeated);
  out.set_name(receipt.name);
  put_time(receipt.time, *out.mutable_time());
  out.set_resumed(receipt.resumed);
  for (const Refusal& refusal : receipt.refusals) {
    schema::Refusal& put = *out.add_refusals();
    put.set_reason(static_cast<schema::Reason::Value>(refusal.reason));
    put.set_code(static_cast<std::uint32_t>(refusal.code));
    put.set_message(refusal.message);
    put.set_subject(refusal.subject);
  }
  out.set_away(receipt.away);
  return wire::encode(out);
}

Result<Receipt> decode_receipt(BytesView bytes) {
  const auto receipt = wire::decode<schema::Receipt>(bytes);
  if (!receipt) return receipt.error();
  Receipt out{.position = {.index = {receipt->index()}, .ordinal = receipt->ordinal()},
              .time = to_time(receipt->time()),
              .repeated = receipt->repeated(),
              .name = receipt->name(),
              .resumed = receipt->resumed()};
  out.refusals.reserve(static_cast<std::size_t>(receipt->refusals_size()));
  for (const schema::Refusal& refusal : receipt->refusals()) {
    // What a later version refuses for a reason of its own is refused all the same.
    const bool known = schema::Reason::Value_IsValid(refusal.reason()) &&
                       refusal.reason() != schema::Reason::UNKNOWN;
    const auto code = refusal.code() <= 0xff
                          ? error_code_from(static_cast<std::uint8_t>(refusal.code()))
                          : std::nullopt;
    out.refusals.push_back(
        {.reason = known ? static_cast<Reason>(refusal.reason()) : Reason::malformed,
         .code = code.value_or(ErrorCode::internal),
         .message = refusal.message(),
         .subject = refusal.subject()});
  }
  out.away = receipt->away();
  return out;
}

Result<Receipt> done_or_error(Result<Receipt> receipt) {
  if (!receipt || receipt->refusals.empty()) return receipt;
  const Refusal& first = receipt->refusals.front();
  return Error{first.code, first.message, Outcome::not_applied};
}

}  // namespace muster::chat
