// Why something was not done, as numerics.
#include <algorithm>
#include <utility>

#include "edge/irc/impl.h"

namespace muster::edge::irc {
namespace {

using chat::Reason;

/// What stands between the number and the text.
enum class About : std::uint8_t {
  nothing,
  command,
  subject,
  name,
  name_and_subject,
  letter,
  letter_of,
  argument_of,
};

struct Refused {
  Reason reason;
  std::string_view code;
  About about;
  std::string_view text{};  ///< Empty: that of the refusal.
};

// `subject`: what the command was about, most often a room; `name`: what the refusal names.
constexpr Refused table[] = {
    {Reason::malformed, err_unknownerror, About::command},
    {Reason::not_signed_in, err_notregistered, About::command, "You have not registered"},
    {Reason::signed_in_already, err_alreadyregistered, About::command, "You may not reregister"},
    {Reason::name_in_use, err_nicknameinuse, About::name, "Nickname is already in use"},
    {Reason::bad_name, err_erroneusnickname, About::subject},
    {Reason::no_such_person, err_nosuchnick, About::name, "No such nick/channel"},
    {Reason::bad_room, err_badchanmask, About::subject},
    {Reason::no_such_room, err_nosuchchannel, About::subject, "No such channel"},
    {Reason::too_many_people, err_unavailresource, About::subject},
    {Reason::too_many_rooms, err_unavailresource, About::subject},
    {Reason::too_many_own_rooms, err_toomanychannels, About::subject,
     "You have joined too many channels"},
    {Reason::room_full, err_channelisfull, About::subject, "Cannot join channel (+l)"},
    {Reason::invited_only, err_inviteonlychan, About::subject, "Cannot join channel (+i)"},
    {Reason::banned, err_bannedfromchan, About::subject, "Cannot join channel (+b)"},
    {Reason::wrong_key, err_badchannelkey, About::subject, "Cannot join channel (+k)"},
    {Reason::not_in_room, err_notonchannel, About::subject, "You're not on that channel"},
    {Reason::person_not_in_room, err_usernotinchannel, About::name_and_subject,
     "They aren't on that channel"},
    {Reason::person_in_room_already, err_useronchannel, About::name_and_subject,
     "is already on channel"},
    {Reason::may_not_speak, err_cannotsendtochan, About::subject},
    {Reason::needs_operator, err_chanoprivsneeded, About::subject},
    {Reason::unknown_mode, err_unknownmode, About::letter, "is unknown mode char to me"},
    {Reason::bad_mode_argument, err_invalidmodeparam, About::argument_of},
    {Reason::list_full, err_banlistfull, About::letter_of},
    {Reason::needs_oper, err_noprivileges, About::nothing,
     "Permission Denied- You're not an IRC operator"},
};

}  // namespace

void Connection::Impl::tell_refusals(const Native::Answer& answer, const std::string& subject) {
  if (!answer) return numeric(err_unknownerror, {command()}, answer.error().message);
  bool told_of_rank = false;
  for (const chat::Refusal& refusal : answer->refusals) {
    // Of the letters of a MODE that all need a rank one speaks for all.
    const bool of_rank = refusal.reason == Reason::needs_operator;
    if (of_rank && std::exchange(told_of_rank, true)) continue;
    if (refusal.reason == Reason::not_signed_in) {
      return close("another connection has taken this one's place", false);
    }
    tell_refusal(refusal, subject);
  }
}

void Connection::Impl::tell_refusal(const chat::Refusal& refusal, const std::string& subject) {
  if (refusal.reason == Reason::wrong_password) return wrong_password();
  for (const Refused& refused : table) {
    if (refused.reason != refusal.reason) continue;
    const std::string_view text = refused.text.empty() ? refusal.message : refused.text;
    const std::string_view name = refusal.subject.empty() ? subject : refusal.subject;
    switch (refused.about) {
      case About::nothing:
        return numeric(refused.code, {}, text);
      case About::command:
        return numeric(refused.code, {command()}, text);
      case About::subject:
        return numeric(refused.code, {subject}, text);
      case About::name:
      case About::letter:
        return numeric(refused.code, {name}, text);
      case About::name_and_subject:
        return numeric(refused.code, {name, subject}, text);
      case About::letter_of:
        return numeric(refused.code, {subject, name}, text);
      case About::argument_of: {
        const std::size_t space = std::min(name.find(' '), name.size());
        const std::string_view argument = name.substr(std::min(space + 1, name.size()));
        return numeric(refused.code, {subject, name.substr(0, space), argument}, text);
      }
    }
  }
  numeric(err_unknownerror, {command()}, refusal.message);
}

}  // namespace muster::edge::irc
