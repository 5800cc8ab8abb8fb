// IRC operators: who may be one, who is, and what they may do.
#include <utility>

#include "chat/chat.h"
#include "chat/letters.h"
#include "chat/words.h"
#include "muster/check.h"

namespace muster::chat {
namespace {

constexpr std::string_view add_command = "chat.oper";
constexpr std::string_view remove_command = "chat.oper.remove";
constexpr std::size_t password_bytes_min = 8;
constexpr std::size_t password_bytes_max = 256;

}  // namespace

// ---- Who may be one -----------------------------------------------------------------------------

std::vector<service::OperatorCommand> Chat::operator_commands() const {
  return {{.name = std::string(add_command),
           .help = "lets who says OPER NAME PASSWORD be an IRC operator",
           .arguments = {"NAME", "PASSWORD"}},
          {.name = std::string(remove_command),
           .help = "takes that away again, also from those who are one by it",
           .arguments = {"NAME"}}};
}

Result<Bytes> Chat::operator_command(std::string_view name, std::span<const std::string> arguments,
                                     std::string_view key) const {
  SetOper request{.name = arguments[0], .key = std::string(key)};
  if (auto valid = validate_person(request.name); !valid) return valid.error();
  if (name == remove_command) return encode(Request{std::move(request)});
  check(name == add_command);
  const std::string& password = arguments[1];
  if (password.size() < password_bytes_min || password.size() > password_bytes_max) {
    return Error{ErrorCode::invalid_argument, "a password has " +
                                                  std::to_string(password_bytes_min) + " to " +
                                                  std::to_string(password_bytes_max) + " bytes"};
  }
  request.credential = make_credential(password, std::string(key));
  return encode(Request{std::move(request)});
}

Result<std::string> Chat::operator_outcome(BytesView reply) const {
  const auto receipt = done_or_error(decode_receipt(reply));
  if (!receipt) return receipt.error();
  if (receipt->name.empty()) return std::string("nobody is an IRC operator by that name any more");
  return "who says OPER " + receipt->name + " PASSWORD is an IRC operator";
}

void Chat::handle(const SetOper& request, Turn& turn) {
  if (!turn.system) {
    return turn.refuse(Reason::needs_oper,
                       "operators of the group say who may be an IRC operator: muster rmi "
                       "chat.oper NAME PASSWORD");
  }
  if (auto valid = validate_person(request.name); !valid) {
    return turn.refuse(Reason::bad_name, valid.error().message);
  }
  const bool removes = request.credential == OperCredential{};
  if (auto valid = validate(request.credential); !removes && !valid) {
    return turn.refuse(Reason::malformed, valid.error().message);
  }
  const auto& known = opers_.read().credentials;
  if (removes && !known.contains(request.name)) {
    return turn.refuse(Reason::no_such_person, "no IRC operator is called " + request.name,
                       request.name);
  }
  if (!removes && !known.contains(request.name) && known.size() >= options_.opers_max) {
    return turn.refuse(Reason::list_full, "there are " + std::to_string(known.size()) +
                                              " names of IRC operators, the limit of a group; "
                                              "remove one: muster rmi chat.oper.remove NAME");
  }
  if (removes) {
    opers_.write().credentials.erase(request.name);
  } else {
    opers_.write().credentials[request.name] = request.credential;
  }
  std::vector<SessionId> sessions;
  for_each_person([&](SessionId session, const Person& person) {
    if (person.oper == request.name) sessions.push_back(session);
  });
  for (const SessionId session : sessions) set_oper(session, {}, turn);
  if (!removes) turn.receipt.name = request.name;
}

/// As this one from now on; empty: none any more.
void Chat::set_oper(SessionId session, const std::string& oper, const Moment& now) {
  std::string modes = find_person(session)->modes;
  ModeText text;
  change_person(session).oper = oper;
  if (!change(modes, person_flags, 'o', !oper.empty())) return;
  text.add(!oper.empty(), 'o', "");
  change_modes(session, modes, text, now);
}

Result<Bytes> Chat::answer(const AskOper& query) const {
  const auto& credentials = opers_.read().credentials;
  OperState state{.in_all = static_cast<std::uint32_t>(credentials.size())};
  if (const auto found = credentials.find(query.name); found != credentials.end()) {
    state.exists = true;
    state.salt = found->second.salt;
    state.iterations = found->second.iterations;
  }
  return encode(state);
}

// ---- What they do -------------------------------------------------------------------------------

void Chat::handle(const Oper& request, Turn& turn) {
  const auto& credentials = opers_.read().credentials;
  const auto found = credentials.find(request.name);
  if (found == credentials.end() || !proves(request.proof, found->second)) {
    return turn.refuse(Reason::wrong_password, "this is not the password of an IRC operator");
  }
  set_oper(turn.session, request.name, turn);
}

bool Chat::is_oper(Turn& turn) const {
  if (has(person_of(turn).modes, 'o')) return true;
  turn.refuse(Reason::needs_oper, person_of(turn).name + " is no IRC operator: say OPER first");
  return false;
}

void Chat::handle(const Kill& request, Turn& turn) {
  if (!is_oper(turn)) return;
  if (auto valid = validate_kill_reason(request.reason); !valid) {
    return turn.refuse(Reason::malformed, valid.error().message);
  }
  const Person* const person = person_here(request.name, turn);
  if (person == nullptr) return;
  const Person& by = person_of(turn);
  const Line line{.kind = Kind::kill,
                  .from = by.name,
                  .to = person->name,
                  .text = request.reason,
                  .user = by.address()};
  turn.output.publish(inbox_topic(person->inbox), encode(line));
  const std::string reason = "Killed (" + by.name + " (" + request.reason + "))";
  quit(SessionId{names_.find(folded(person->name))->second}, reason, turn);
}

void Chat::handle(const Wallops& request, Turn& turn) {
  if (!is_oper(turn)) return;
  if (auto valid = validate_text(request.text); !valid) {
    return turn.refuse(Reason::malformed, valid.error().message);
  }
  const Person& by = person_of(turn);
  const Line line{
      .kind = Kind::wallops, .from = by.name, .text = request.text, .user = by.address()};
  turn.output.publish(wallops_topic(), encode(line));
}

// The line is of who it was before.
void Chat::handle(const SetHost& request, Turn& turn) {
  if (!is_oper(turn)) return;
  if (auto valid = validate_host(request.host); !valid) {
    return turn.refuse(Reason::malformed, valid.error().message);
  }
  const Person* const person = person_here(request.name, turn);
  if (person == nullptr || person->host == request.host) return;
  const std::string address = person->user + "@" + request.host;
  tell_around(*person, {.kind = Kind::host, .text = address}, turn);
  tell_presence(*person, Kind::host, turn, address);
  change_person(names_.find(folded(person->name))->second).host = request.host;
}

}  // namespace muster::chat
