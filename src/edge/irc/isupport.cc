#include "edge/irc/isupport.h"

#include "chat/chat.h"
#include "chat/words.h"
#include "edge/irc/lines.h"
#include "edge/irc/modes.h"

namespace muster::edge::irc {
namespace {

std::string number(std::string_view name, std::size_t value) {
  return std::string(name) + "=" + std::to_string(value);
}

// A space would end the token (section 3.2 of the draft on ISUPPORT).
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == ' ') {
      result += "\\x20";
    } else if (c == '=') {
      result += "\\x3D";
    } else if (c == '\\') {
      result += "\\x5C";
    } else {
      result += c;
    }
  }
  return result;
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

}  // namespace

std::vector<std::string> isupport_tokens(std::string_view network) {
  const chat::Chat::Options limits;
  const std::string lists = joined({list_letters, ":", std::to_string(masks_max)});
  const std::string talking = std::to_string(targets_max);
  return {
      number("AWAYLEN", away_bytes_max),
      "BOT=B",
      "CASEMAPPING=ascii",
      joined({"CHANLIMIT=#:", std::to_string(limits.rooms_per_person_max)}),
      joined({"CHANMODES=", list_letters, ",", key_letters, ",", limit_letters, ",", flag_letters}),
      number("CHANNELLEN", chat::room_bytes_max + 1),
      "CHANTYPES=#",
      number("CHATHISTORY", history_lines_max),
      "ELIST=MU",
      "EXCEPTS=e",
      number("HOSTLEN", chat::host_bytes_max),
      "INVEX=I",
      number("KICKLEN", kick_bytes_max),
      number("LINELEN", line_bytes_max),
      "MAXLIST=" + lists,
      number("MODES", chat::mode_changes_max),
      number("MONITOR", watched_max),
      "MSGREFTYPES=msgid,timestamp",
      number("NAMELEN", chat::real_name_bytes_max),
      "NETWORK=" + escaped(network),
      number("NICKLEN", chat::person_bytes_max),
      joined({"PREFIX=(", rank_letters, ")", rank_prefixes}),
      "SAFELIST",
      joined({"TARGMAX=JOIN:,KICK:,NAMES:,NOTICE:", talking, ",PART:,PRIVMSG:", talking,
              ",TAGMSG:", talking, ",WHOIS:1"}),
      number("TOPICLEN", topic_bytes_max),
      number("USERLEN", chat::user_bytes_max),
      "UTF8ONLY",
      "WHOX",
  };
}

}  // namespace muster::edge::irc
