// What is asked of the server itself, and the list of rooms.
#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "edge/irc/impl.h"

namespace muster::edge::irc {
namespace {

constexpr std::int64_t seconds_per_minute = 60;
constexpr std::int64_t seconds_per_hour = 3'600;
constexpr std::int64_t seconds_per_day = 86'400;

/// What LIST asks for: masks, and how many people there must be (ELIST=MU).
struct Wanted {
  std::vector<std::string> masks{};
  std::uint32_t more_than{0};
  std::uint32_t less_than{0};  ///< 0: any number.

  explicit Wanted(std::string_view text) {
    for (std::string& word : split_list(text)) {
      std::uint32_t number = 0;
      std::from_chars(word.data() + 1, word.data() + word.size(), number);
      if (word.starts_with('>')) {
        more_than = number;
      } else if (word.starts_with('<')) {
        less_than = number;
      } else {
        masks.push_back(std::move(word));
      }
    }
  }
  bool has(const chat::RoomSummary& room) const {
    if (more_than > 0 && room.people <= more_than) return false;
    if (less_than > 0 && room.people >= less_than) return false;
    return masks.empty() || std::ranges::any_of(masks, [&](const std::string& mask) {
             return matches(mask, "#" + room.room);
           });
  }
};

std::string two_digits(std::int64_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

}  // namespace

void Connection::Impl::list(const Message& message) {
  ask<chat::Rooms>(
      chat::AskRooms{}, chat::decode_rooms,
      [this, wanted = Wanted(message.param(0))](const chat::Rooms& rooms, LogIndex) {
        numeric(rpl_liststart, {"Channel"}, "Users  Name");
        for (const chat::RoomSummary& room : rooms.rooms) {
          const bool secret = room.modes.find('s') != std::string::npos && !is_in(room.room);
          if (secret || room.people == 0 || !wanted.has(room)) continue;
          numeric(rpl_list, {"#" + room.room, std::to_string(room.people)}, room.topic);
        }
        numeric(rpl_listend, {}, "End of /LIST");
      });
}

// ---- LUSERS -------------------------------------------------------------------------------------

void Connection::Impl::lusers(const Message& /*message*/) {
  tell_lusers();
}

void Connection::Impl::tell_lusers() {
  struct Counted {
    std::uint32_t people{0};
    std::uint32_t invisible{0};
    std::uint32_t opers{0};
    std::size_t rooms{0};
  };
  const auto counted = std::make_shared<Counted>();
  ask<chat::People>(chat::AskPeople{}, chat::decode_people,
                    [counted](const chat::People& people, LogIndex) {
                      counted->people = people.in_all;
                      counted->invisible = people.invisible;
                      counted->opers = people.opers;
                    });
  ask<chat::Rooms>(
      chat::AskRooms{}, chat::decode_rooms, [counted](const chat::Rooms& rooms, LogIndex) {
        counted->rooms = static_cast<std::size_t>(
            std::ranges::count_if(rooms.rooms, [](const auto& room) { return room.people > 0; }));
      });
  ask_members([this, counted](const wire::Members& members) {
    std::size_t servers = 0;
    std::uint64_t own = 0;
    for (const wire::MemberStatus& member : members.members()) {
      if (member.state() == wire::ServerState::ALIVE) ++servers;
      if (member.number() == members.number()) own = member.clients();
    }
    const std::string people = std::to_string(counted->people);
    const std::string here = std::to_string(own);
    numeric(rpl_luserclient, {},
            "There are " + std::to_string(counted->people - counted->invisible) + " users and " +
                std::to_string(counted->invisible) + " invisible on " + std::to_string(servers) +
                " servers");
    numeric(rpl_luserop, {std::to_string(counted->opers)}, "operator(s) online");
    numeric(rpl_luserchannels, {std::to_string(counted->rooms)}, "channels formed");
    numeric(rpl_luserme, {}, "I have " + here + " clients and 1 servers");
    // Nobody keeps how many there were at most.
    numeric(rpl_localusers, {}, "Current local users " + here);
    numeric(rpl_globalusers, {}, "Current global users " + people);
  });
}

// ---- The server ---------------------------------------------------------------------------------

bool Connection::Impl::is_asked(std::string_view target) {
  if (target.empty() || is_this_server(target)) return true;
  numeric(err_nosuchserver, {target}, "No such server");
  return false;
}

void Connection::Impl::motd(const Message& message) {
  if (is_asked(message.param(0))) tell_motd();
}

void Connection::Impl::tell_motd() {
  if (options_.motd.empty()) return numeric(err_nomotd, {}, "MOTD File is missing");
  numeric(rpl_motdstart, {}, "- " + options_.server_name + " Message of the day - ");
  for (const std::string& line : options_.motd) numeric(rpl_motd, {}, "- " + line);
  numeric(rpl_endofmotd, {}, "End of /MOTD command.");
}

void Connection::Impl::version(const Message& message) {
  if (!is_asked(message.param(0))) return;
  numeric(rpl_version, {options_.version, options_.server_name}, options_.network);
  isupport();
}

void Connection::Impl::time(const Message& message) {
  if (!is_asked(message.param(0))) return;
  numeric(rpl_time, {options_.server_name}, time_text(wall()));
}

void Connection::Impl::info(const Message& /*message*/) {
  numeric(rpl_info, {}, options_.version);
  numeric(rpl_info, {}, "One chat on all servers of the group " + options_.network + ".");
  numeric(rpl_info, {}, "This server was started " + time_text(options_.started));
  numeric(rpl_endofinfo, {}, "End of INFO list");
}

void Connection::Impl::admin(const Message& message) {
  if (!is_asked(message.param(0))) return;
  if (options_.admin.empty()) {
    return numeric(err_noadmininfo, {options_.server_name}, "No administrative info available");
  }
  numeric(rpl_adminme, {options_.server_name}, "Administrative info");
  const std::string_view codes[] = {rpl_adminloc1, rpl_adminloc2, rpl_adminemail};
  for (std::size_t i = 0; i < std::min(std::size(codes), options_.admin.size()); ++i) {
    numeric(codes[i], {}, options_.admin[i]);
  }
}

void Connection::Impl::help(const Message& message) {
  const std::string subject = message.params.empty() ? "*" : upper(message.param(0));
  if (!message.params.empty()) {
    const auto found = std::ranges::find(commands(), subject, &Command::name);
    if (found == commands().end()) {
      return numeric(err_helpnotfound, {subject}, "No help available on this topic");
    }
    numeric(rpl_helpstart, {subject}, subject);
    numeric(rpl_helptxt, {subject}, "");
    numeric(rpl_helptxt, {subject},
            "At least " + std::to_string(found->params) +
                " parameters; as modern.ircdocs.horse and ircv3.net have it.");
    return numeric(rpl_endofhelp, {subject}, "End of /HELP");
  }
  numeric(rpl_helpstart, {subject}, "Commands of this server");
  numeric(rpl_helptxt, {subject}, "");
  std::vector<std::string> names;
  for (const Command& each : commands()) names.emplace_back(each.name);
  numeric_list(rpl_helptxt, {subject}, names);
  numeric(rpl_endofhelp, {subject}, "End of /HELP");
}

void Connection::Impl::links(const Message& message) {
  // After a server that is to answer; whichever does, it is the same.
  const std::string mask(message.params.empty() ? "*" : message.params.back());
  ask_members([this, mask](const wire::Members& members) {
    for (const wire::MemberStatus& member : members.members()) {
      const std::string name = server_name_of(member);
      if (member.state() != wire::ServerState::ALIVE || !matches(mask, name)) continue;
      const std::string hops = member.number() == members.number() ? "0 " : "1 ";
      numeric(rpl_links, {"*", name}, hops + options_.network);
    }
    numeric(rpl_endoflinks, {mask}, "End of /LINKS list.");
  });
}

void Connection::Impl::map(const Message& /*message*/) {
  ask_members([this](const wire::Members& members) {
    for (const wire::MemberStatus& member : members.members()) {
      if (member.state() != wire::ServerState::ALIVE) continue;
      const char* const role = member.role() == wire::Role::LEADER  ? " leader"
                               : member.role() == wire::Role::VOTER ? " voter"
                                                                    : " standby";
      numeric(rpl_map, {},
              member.name() + role + ", " + std::to_string(member.clients()) + " clients");
    }
    numeric(rpl_endofmap, {}, "End of /MAP");
  });
}

void Connection::Impl::stats(const Message& message) {
  if (!is_asked(message.param(1))) return;
  const std::string letter(message.param(0).substr(0, 1));
  if (letter == "u") tell_uptime();
  if (letter == "g") tell_group();
  then([this, letter] {
    numeric(rpl_endofstats, {letter.empty() ? "*" : letter}, "End of /STATS report");
  });
}

void Connection::Impl::tell_uptime() {
  const std::int64_t up =
      (wall() - options_.started) / std::chrono::milliseconds{std::chrono::seconds{1}};
  numeric(rpl_statsuptime, {},
          "Server Up " + std::to_string(up / seconds_per_day) + " days " +
              std::to_string(up % seconds_per_day / seconds_per_hour) + ":" +
              two_digits(up % seconds_per_hour / seconds_per_minute) + ":" +
              two_digits(up % seconds_per_minute));
}

// Of the group, as this server sees it.
void Connection::Impl::tell_group() {
  ask_status([this](const wire::Status& status) {
    numeric(rpl_statsdebug, {},
            "view " + std::to_string(status.view()) + ", " + std::to_string(status.servers()) +
                " servers, leader " + (status.leader().empty() ? "none" : status.leader()) +
                ", term " + std::to_string(status.term()) + ", index " +
                std::to_string(status.commit_index()));
  });
}

// ---- What there is not --------------------------------------------------------------------------

// Servers are steered from outside: muster drain, leave, stop.
void Connection::Impl::not_over_irc(const Message& /*message*/) {
  ask_person(nick_, [this](const chat::PersonState& person) {
    const bool oper = person.modes.find('o') != std::string::npos;
    numeric(err_noprivileges, {},
            oper ? "Permission Denied- Servers are not steered over IRC: use the program muster"
                 : "Permission Denied- You're not an IRC operator");
  });
}

void Connection::Impl::summon(const Message& /*message*/) {
  numeric(err_summondisabled, {}, "SUMMON has been disabled");
}

void Connection::Impl::users(const Message& /*message*/) {
  numeric(err_usersdisabled, {}, "USERS has been disabled");
}

}  // namespace muster::edge::irc
