#include "chat/chat.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "chat/words.h"

namespace muster::chat {
namespace {

ErrorCode code_of(Reason reason) {
  switch (reason) {
    case Reason::name_in_use:
    case Reason::person_in_room_already:
      return ErrorCode::already_exists;
    case Reason::no_such_person:
    case Reason::no_such_room:
      return ErrorCode::not_found;
    case Reason::not_signed_in:
    case Reason::signed_in_already:
    case Reason::not_in_room:
    case Reason::person_not_in_room:
      return ErrorCode::failed_precondition;
    case Reason::too_many_people:
    case Reason::too_many_rooms:
    case Reason::too_many_own_rooms:
    case Reason::room_full:
    case Reason::list_full:
      return ErrorCode::resource_exhausted;
    case Reason::invited_only:
    case Reason::banned:
    case Reason::wrong_key:
    case Reason::may_not_speak:
    case Reason::needs_operator:
    case Reason::wrong_password:
    case Reason::needs_oper:
      return ErrorCode::permission_denied;
    case Reason::malformed:
    case Reason::bad_name:
    case Reason::bad_room:
    case Reason::unknown_mode:
    case Reason::bad_mode_argument:
      break;
  }
  return ErrorCode::invalid_argument;
}

}  // namespace

std::string room_topic(std::string_view room) {
  return "chat/" + folded(room);
}

std::string inbox_topic(std::string_view inbox) {
  return "chat/@" + std::string(inbox);
}

std::string presence_topic(std::string_view name) {
  return "chat/!" + folded(name);
}

std::string wallops_topic() {
  return "chat/&wallops";
}

void Chat::Turn::refuse(Reason reason, std::string message, std::string subject) {
  receipt.refusals.push_back({.reason = reason,
                              .code = code_of(reason),
                              .message = std::move(message),
                              .subject = std::move(subject)});
}

void Chat::Turn::repeat(const KeptLine& line) {
  receipt.position = line.position();
  receipt.time = line.time();
  receipt.repeated = true;
}

void Chat::apply(const service::Command& command, service::Output& output) {
  const auto request = decode_request(command.payload);
  if (!request) return output.refuse(request.error().code, request.error().message);
  Turn turn{{command.position, command.time, output}, command.session, command.system};
  turn.receipt.position = command.position;
  turn.receipt.time = command.time;
  const bool of_anybody =
      std::holds_alternative<SignIn>(*request) || std::holds_alternative<SetOper>(*request);
  if (of_anybody || find_person(command.session) != nullptr) {
    std::visit([&](const auto& one) { handle(one, turn); }, *request);
  } else {
    turn.refuse(Reason::not_signed_in, "this session has no name yet: sign in first");
  }
  if (const Person* const person = find_person(command.session)) turn.receipt.name = person->name;
  forget_empty_rooms();
  output.reply(encode(turn.receipt));
}

}  // namespace muster::chat
