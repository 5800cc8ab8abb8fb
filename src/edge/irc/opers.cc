// IRC operators: how somebody becomes one, and what they do.
#include <utility>

#include "chat/chat.h"
#include "chat/credential.h"
#include "chat/words.h"
#include "edge/irc/impl.h"
#include "edge/irc/isupport.h"

namespace muster::edge::irc {
namespace {

constexpr std::size_t wrong_passwords_max = 3;  // A proof costs this server some milliseconds.
constexpr std::size_t oper_password_bytes_max = 256;

}  // namespace

// The password stays here: the group is told a proof of it.
void Connection::Impl::oper(const Message& message) {
  const std::string name(message.param(0));
  const std::string password(message.param(1).substr(0, oper_password_bytes_max));
  ask<chat::OperState>(
      chat::AskOper{name}, chat::decode_oper,
      [this, name, password](const chat::OperState& known, LogIndex) {
        if (known.in_all == 0) {
          return numeric(err_nooperhost, {}, "No O-lines for your host");
        }
        if (!known.exists) return wrong_password();
        order(chat::Oper{.name = name,
                         .proof = chat::oper_proof(password, known.salt, known.iterations)},
              "OPER", [this](const chat::Receipt&) {
                numeric(rpl_youreoper, {}, "You are now an IRC operator");
              });
      });
}

void Connection::Impl::wrong_password() {
  numeric(err_passwdmismatch, {}, "Password incorrect");
  if (++wrong_passwords_ == wrong_passwords_max) close("Too many wrong passwords", true);
}

void Connection::Impl::kill(const Message& message) {
  const std::string name(message.param(0));
  if (name.find('.') != std::string::npos) {  // As no nick has one.
    return numeric(err_cantkillserver, {}, "You can't kill a server!");
  }
  order(chat::Kill{.name = name, .reason = std::string(front_of(message.param(1), kick_bytes_max))},
        name);
}

void Connection::Impl::wallops(const Message& message) {
  if (message.param(0).empty()) {
    return numeric(err_needmoreparams, {"WALLOPS"}, "Not enough parameters");
  }
  order(chat::Wallops{std::string(front_of(message.param(0), away_bytes_max))}, "WALLOPS");
}

void Connection::Impl::chghost(const Message& message) {
  const std::string name(message.param(0));
  order(chat::SetHost{.name = name, .host = std::string(message.param(1))}, name);
}

// With mode `w`, from where that was set.
void Connection::Impl::follow_wallops(wire::EventPosition from) {
  const std::string topic = chat::wallops_topic();
  if (follows_.contains(topic)) return;
  follows_[topic] = {.what = Follow::What::wallops, .name = {}, .from = from};
  native_.follow(topic, from);
}

void Connection::Impl::unfollow_wallops() {
  const std::string topic = chat::wallops_topic();
  if (follows_.erase(topic) > 0) native_.unfollow(topic);
}

// ---- What happens to it -------------------------------------------------------------------------

void Connection::Impl::note_own_modes(const EncodedLine& event) {
  bool set = true;
  for (const char letter : event.line.text) {
    if (letter == ' ') return;
    if (letter == '+' || letter == '-') set = letter == '+';
    if (letter != 'w') continue;
    if (set) follow_wallops(wire::after(event.position));
    if (!set) unfollow_wallops();
  }
}

void Connection::Impl::note_own_host(std::string_view address) {
  const std::size_t at = std::min(address.find('@'), address.size());
  user_ = address.substr(0, at);
  host_ = address.substr(std::min(at + 1, address.size()));
  say_now(numeric_line(rpl_visiblehost, {host_}, "is now your displayed host"));
}

// Its person is no more: the session, of whoever has its password too, can go.
void Connection::Impl::note_kill(const chat::Line& line) {
  phase_ = Phase::quitting;
  close("Killed (" + line.from + " (" + line.text + "))", true);
}

}  // namespace muster::edge::irc
