// Who is there: WHO, WHOIS, WHOWAS, USERHOST, ISON.
#include <algorithm>
#include <memory>
#include <utility>

#include "chat/words.h"
#include "edge/irc/impl.h"
#include "edge/irc/modes.h"

namespace muster::edge::irc {
namespace {

constexpr std::uint32_t gone_told_max = 10;
constexpr std::size_t userhost_names_max = 5;
constexpr std::int64_t milliseconds_a_second = 1'000;
constexpr std::string_view opers_only = "o";  // Of WHO, behind the mask.

bool has_letter(std::string_view letters, char letter) {
  return letters.find(letter) != std::string_view::npos;
}

/// One line of an answer to WHO.
struct Row {
  std::string channel{"*"};
  std::string name;
  std::string user;
  std::string host;
  std::string real_name;
  std::string server;
  std::string ranks{};
  std::string modes{};
  bool away{false};
  std::int64_t idle_seconds{0};
};

std::string flags_of(const Row& row, bool all_ranks) {
  std::string flags = row.away ? "G" : "H";
  if (has_letter(row.modes, 'o')) flags += '*';
  flags += prefixes_of(row.ranks, all_ranks);
  if (has_letter(row.modes, 'B')) flags += 'B';
  return flags;
}

/// What a field of WHOX says; the order of the answer is fixed, whatever was asked for.
constexpr std::string_view whox_order = "tcuihsnfdlao";

std::string whox_field(char field, const Row& row, std::string_view token, bool all_ranks) {
  switch (field) {
    case 't':
      return token.empty() ? "0" : std::string(token);
    case 'c':
      return row.channel;
    case 'u':
      return row.user;
    case 'i':
      return "255.255.255.255";
    case 'h':
      return row.host;
    case 's':
      return row.server;
    case 'n':
      return row.name;
    case 'f':
      return flags_of(row, all_ranks);
    case 'l':
      return std::to_string(row.idle_seconds);
    case 'o':
      return "n/a";
    default:
      return "0";  // Hops, account.
  }
}

std::string line_of(const Row& row, std::string_view asked, std::string_view server,
                    std::string_view nick, bool all_ranks) {
  if (!asked.starts_with('%')) {
    return format_line(
        server, rpl_whoreply,
        {nick, row.channel, row.user, row.host, row.server, row.name, flags_of(row, all_ranks)},
        "0 " + row.real_name);
  }
  const std::size_t comma = asked.find(',');
  const std::string_view fields =
      asked.substr(1, comma == std::string_view::npos ? comma : comma - 1);
  const std::string_view token = comma == std::string_view::npos ? "" : asked.substr(comma + 1);
  std::string words = std::string(rpl_whospcrpl) + " " + std::string(nick);
  for (const char field : whox_order) {
    if (has_letter(fields, field)) words += " " + whox_field(field, row, token, all_ranks);
  }
  if (!has_letter(fields, 'r')) return format_line(server, words, {});
  return format_line(server, words, {}, row.real_name);
}

}  // namespace

// ---- WHO ----------------------------------------------------------------------------------------

void Connection::Impl::who(const Message& message) {
  const std::string mask(message.param(0));
  const std::string fields(message.param(1));
  if (mask.starts_with('#') && mask.size() > 1) return who_room(mask.substr(1), mask, fields);
  who_people(mask, fields);
}

void Connection::Impl::who_room(const std::string& room, const std::string& mask,
                                const std::string& fields) {
  ask_channel({.room = room}, [this, mask, fields](const chat::Channel& channel) {
    const bool inside = is_in(channel.room);
    for (const chat::Member& member : channel.people) {
      if (!may_see(channel) || (!inside && has_letter(member.modes, 'i'))) continue;
      if (fields == opers_only && !has_letter(member.modes, 'o')) continue;
      const Row row{.channel = "#" + channel.room,
                    .name = member.name,
                    .user = member.user,
                    .host = member.host,
                    .real_name = member.real_name,
                    .server = server_of(member.server),
                    .ranks = member.ranks,
                    .modes = member.modes,
                    .away = member.away,
                    .idle_seconds = idle_seconds(member.spoke)};
      say(line_of(row, fields, options_.server_name, nick_, has(Capability::multi_prefix)));
    }
    numeric(rpl_endofwho, {mask}, "End of /WHO list");
  });
}

// Who is invisible is found by its name, and by those who share a room with it.
void Connection::Impl::who_people(const std::string& mask, const std::string& fields) {
  const std::string wanted = mask == "0" ? "*" : mask;
  ask<chat::People>(
      chat::AskPeople{.mask = wanted, .people_max = people_told_max}, chat::decode_people,
      [this, mask, fields](const chat::People& people, LogIndex) {
        for (const chat::PersonState& person : people.people) {
          const bool shares = std::ranges::any_of(
              person.rooms, [this](const chat::Membership& in) { return is_in(in.room); });
          const bool by_name = chat::folded(person.name) == chat::folded(mask);
          if (has_letter(person.modes, 'i') && !shares && !by_name && !is_self(person.name)) {
            continue;
          }
          if (fields == opers_only && !has_letter(person.modes, 'o')) continue;
          const Row row{.name = person.name,
                        .user = person.user,
                        .host = person.host,
                        .real_name = person.real_name,
                        .server = server_of(person.server),
                        .modes = person.modes,
                        .away = !person.away.empty(),
                        .idle_seconds = idle_seconds(person.spoke)};
          say(line_of(row, fields, options_.server_name, nick_, has(Capability::multi_prefix)));
        }
        numeric(rpl_endofwho, {mask}, "End of /WHO list");
      });
}

// ---- WHOIS --------------------------------------------------------------------------------------

std::int64_t Connection::Impl::idle_seconds(LogTime spoke) const {
  return std::max<std::int64_t>(wall().milliseconds - spoke.milliseconds, 0) /
         milliseconds_a_second;
}

// Every server knows the same of everybody, so it does not matter which one is asked.
void Connection::Impl::whois(const Message& message) {
  const bool names_server = message.params.size() > 1;
  const std::string server(names_server ? message.param(0) : "");
  const std::string name(message.param(names_server ? 1 : 0));
  if (name.empty()) return numeric(err_nonicknamegiven, {}, "No nickname given");
  if (server.empty() || is_this_server(server) || chat::folded(server) == chat::folded(name)) {
    return whois_person(name);
  }
  ask_members([this, server, name](const wire::Members& members) {
    for (const wire::MemberStatus& member : members.members()) {
      if (matches(server, server_name_of(member))) return whois_person(name);
    }
    numeric(err_nosuchserver, {server}, "No such server");
  });
}

void Connection::Impl::whois_person(const std::string& name) {
  ask_person(name, [this, name](const chat::PersonState& person) {
    if (person.signed_in) return tell_whois(person, name);
    numeric(err_nosuchnick, {name}, "No such nick/channel");
    numeric(rpl_endofwhois, {name}, "End of /WHOIS list");
  });
}

// Rooms that are secret are known to those who are in them.
void Connection::Impl::tell_whois(const chat::PersonState& person, const std::string& asked) {
  numeric(rpl_whoisuser, {person.name, person.user, person.host, "*"}, person.real_name);
  const auto rooms = std::make_shared<std::vector<std::string>>();
  for (const chat::Membership& in : person.rooms) {
    const std::string word = prefixes_of(in.ranks, has(Capability::multi_prefix)) + "#" + in.room;
    ask_channel({.room = in.room, .people = false},
                [this, rooms, word](const chat::Channel& channel) {
                  if (may_see(channel)) rooms->push_back(word);
                });
  }
  then([this, person, rooms, asked] {
    numeric_list(rpl_whoischannels, {person.name}, *rooms);
    numeric(rpl_whoisserver, {person.name, server_of(person.server)}, options_.network);
    if (has_letter(person.modes, 'o')) {
      numeric(rpl_whoisoperator, {person.name}, "is an IRC operator");
    }
    if (has_letter(person.modes, 'B')) numeric(rpl_whoisbot, {person.name}, "is a bot");
    if (!person.away.empty()) numeric(rpl_away, {person.name}, person.away);
    numeric(rpl_whoisidle,
            {person.name, std::to_string(idle_seconds(person.spoke)),
             std::to_string(person.since.milliseconds / milliseconds_a_second)},
            "seconds idle, signon time");
    numeric(rpl_endofwhois, {asked}, "End of /WHOIS list");
  });
}

void Connection::Impl::whowas(const Message& message) {
  const std::string name(message.param(0));
  if (name.empty()) return numeric(err_nonicknamegiven, {}, "No nickname given");
  std::uint32_t count = gone_told_max;
  if (const std::string_view asked = message.param(1);
      asked.size() == 1 && asked[0] > '0' && asked[0] <= '9') {
    count = static_cast<std::uint32_t>(asked[0] - '0');
  }
  ask<chat::People>(
      chat::AskGone{.name = name, .people_max = count}, chat::decode_people,
      [this, name](const chat::People& gone, LogIndex) {
        if (gone.people.empty()) {
          numeric(err_wasnosuchnick, {name}, "There was no such nickname");
        }
        for (const chat::PersonState& person : gone.people) {
          numeric(rpl_whowasuser, {person.name, person.user, person.host, "*"}, person.real_name);
          numeric(rpl_whoisserver, {person.name, options_.network}, time_text(person.since));
        }
        numeric(rpl_endofwhowas, {name}, "End of WHOWAS");
      });
}

// ---- Short ones ---------------------------------------------------------------------------------

void Connection::Impl::userhost(const Message& message) {
  const auto words = std::make_shared<std::vector<std::string>>();
  for (std::size_t i = 0; i < std::min(message.params.size(), userhost_names_max); ++i) {
    ask_person(message.params[i], [words](const chat::PersonState& person) {
      if (!person.signed_in) return;
      words->push_back(person.name + (person.away.empty() ? "=+" : "=-") + person.user + "@" +
                       person.host);
    });
  }
  then([this, words] {
    std::string text;
    for (const std::string& word : *words) text += (text.empty() ? "" : " ") + word;
    numeric(rpl_userhost, {}, text);
  });
}

void Connection::Impl::ison(const Message& message) {
  const auto text = std::make_shared<std::string>();
  for (const std::string& param : message.params) {
    std::string_view rest = param;
    while (!rest.empty()) {
      const std::string_view name = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
      if (name.empty()) continue;
      ask_person(std::string(name), [text](const chat::PersonState& person) {
        if (!person.signed_in) return;
        *text += (text->empty() ? "" : " ") + person.name;
      });
    }
  }
  then([this, text] { numeric(rpl_ison, {}, *text); });
}

}  // namespace muster::edge::irc
