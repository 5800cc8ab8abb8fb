// Who a client is: from its first line to its last.
#include <algorithm>
#include <charconv>
#include <utility>

#include "chat/chat.h"
#include "chat/words.h"
#include "edge/irc/impl.h"
#include "edge/irc/isupport.h"
#include "edge/irc/modes.h"
#include "wire/sha256.h"
#include "wire/utf8.h"

namespace muster::edge::irc {
namespace {

constexpr unsigned capabilities_with_values = 302;  // A version of CAP LS.
constexpr std::size_t tokens_per_line = 13;
constexpr std::size_t password_bytes_max = 512;

/// What a mask can't have in the place of the user's name.
std::string as_user(std::string_view text) {
  std::string user;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool other = (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == '~';
    if (letter || other) user += c;
  }
  user.resize(std::min(user.size(), chat::user_bytes_max));
  return user.empty() ? "user" : user;
}

/// Without what a full name can't have; nobody is turned away for it.
std::string as_real_name(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(wire::utf8_character(text), 1);
    const std::string_view character = text.substr(0, length);
    if (name.size() + length > chat::real_name_bytes_max) break;
    if (chat::validate_real_name(character)) name += character;
    text.remove_prefix(length);
  }
  return name;
}

/// Of CAP LS; 0 if it is no number.
unsigned version_of(std::string_view text) {
  unsigned version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error == std::errc::result_out_of_range) return capabilities_with_values;
  return error == std::errc{} && end == text.data() + text.size() ? version : 0;
}

}  // namespace

// ---- Capabilities -------------------------------------------------------------------------------

void Connection::Impl::cap(const Message& message) {
  const std::string sub = upper(message.param(0));
  const std::string subject(target());
  const auto answer = [&](std::string_view what, std::string_view text) {
    say(format_line(options_.server_name, "CAP", {subject, what}, text));
  };
  const bool registers = phase_ == Phase::registering;
  if (sub == "LS") {
    negotiating_ = negotiating_ || registers;
    if (version_of(message.param(1)) >= capabilities_with_values) {
      knows_302_ = true;
      capabilities_.set(Capability::cap_notify, true);
    }
    answer("LS", offered_capabilities(knows_302_));
  } else if (sub == "LIST") {
    answer("LIST", to_text(capabilities_));
  } else if (sub == "REQ") {
    negotiating_ = negotiating_ || registers;
    std::string request;
    for (std::size_t i = 1; i < message.params.size(); ++i) {
      request += (request.empty() ? "" : " ") + message.params[i];
    }
    change_capabilities(request);
  } else if (sub == "END") {
    negotiating_ = false;
    register_if_ready();
  } else {
    numeric(err_invalidcapcmd, {message.param(0)}, "Invalid CAP command");
  }
}

// What was asked for before is answered as it was asked for, and what comes after it is not read
// until then.
void Connection::Impl::change_capabilities(const std::string& request) {
  ++capability_requests_;
  then([this, request] {
    --capability_requests_;
    const auto changed = with_changes(capabilities_, request);
    if (changed) {
      tell_events();  // As they were encoded.
      capabilities_ = *changed;
      if (knows_302_) capabilities_.set(Capability::cap_notify, true);
    }
    say(format_line(options_.server_name, "CAP", {target(), changed ? "ACK" : "NAK"}, request));
  });
}

// ---- Registration -------------------------------------------------------------------------------

void Connection::Impl::pass(const Message& message) {
  if (phase_ != Phase::registering) {
    return numeric(err_alreadyregistered, {}, "You may not reregister");
  }
  password_ = message.param(0).substr(0, password_bytes_max);
}

void Connection::Impl::user(const Message& message) {
  if (phase_ != Phase::registering) {
    return numeric(err_alreadyregistered, {}, "You may not reregister");
  }
  if (message.param(0).empty()) {
    return numeric(err_needmoreparams, {"USER"}, "Not enough parameters");
  }
  user_ = as_user(message.param(0));
  real_name_ = as_real_name(message.param(3));
  register_if_ready();
}

void Connection::Impl::nick(const Message& message) {
  const std::string name(message.param(0));
  if (name.empty()) return numeric(err_nonicknamegiven, {}, "No nickname given");
  if (const auto valid = chat::validate_person(name); !valid) {
    return numeric(err_erroneusnickname, {name}, valid.error().message);
  }
  if (phase_ == Phase::registered) return change_nick(name);
  nick_ = name;
  register_if_ready();
}

void Connection::Impl::register_if_ready() {
  if (phase_ != Phase::registering || negotiating_ || nick_.empty() || user_.empty()) return;
  sign_in();
}

// The session stays when a name is refused: the next one is tried in it.
void Connection::Impl::sign_in() {
  phase_ = Phase::signing_in;
  if (!std::exchange(session_asked_, true)) {
    native_.open(nick_, host_, options_.session_timeout);
  }
  step([this] { return session_open_; });
  then([this] {
    inbox_ = inbox_of(nick_);
    const SequenceNumber command =
        native_.send(chat::SignIn{.name = nick_,
                                  .inbox = inbox_,
                                  .user = user_,
                                  .host = host_.substr(0, chat::host_bytes_max),
                                  .real_name = real_name_,
                                  .server = options_.server_name});
    await(command, [this](const Native::Answer& answer) { signed_in(answer); });
  });
}

void Connection::Impl::signed_in(const Native::Answer& answer) {
  if (!answer) return close(answer.error().message, true);
  if (!answer->refusals.empty()) return refused_name(answer->refusals.front());
  phase_ = Phase::registered;
  nick_ = answer->name;
  if (answer->resumed) return take_over(answer->position);
  welcome();
  follow_inbox(answer->position);
}

void Connection::Impl::refused_name(const chat::Refusal& refusal) {
  const bool of_name = refusal.reason == chat::Reason::name_in_use ||
                       refusal.reason == chat::Reason::bad_name ||
                       refusal.reason == chat::Reason::malformed;
  if (!of_name) return close(refusal.message, true);
  const std::string name = std::exchange(nick_, {});
  phase_ = Phase::registering;
  if (refusal.reason == chat::Reason::name_in_use) {
    numeric(err_nicknameinuse, {name}, "Nickname is already in use");
  } else {
    numeric(err_erroneusnickname, {name}, refusal.message);
  }
}

void Connection::Impl::welcome() {
  const std::string_view server = options_.server_name;
  numeric(rpl_welcome, {}, "Welcome to the " + options_.network + " network, " + own_prefix());
  numeric(rpl_yourhost, {},
          "Your host is " + options_.server_name + ", running version " + options_.version);
  numeric(rpl_created, {}, "This server was started " + time_text(options_.started));
  const std::string room_modes = std::string(list_letters) + std::string(key_letters) +
                                 std::string(limit_letters) + std::string(flag_letters) +
                                 std::string(rank_letters);
  const std::string with_parameter = std::string(list_letters) + std::string(key_letters) +
                                     std::string(limit_letters) + std::string(rank_letters);
  numeric(rpl_myinfo, {server, options_.version, person_letters, room_modes, with_parameter});
  isupport();
  tell_lusers();
  then([this] { tell_motd(); });
}

void Connection::Impl::isupport() {
  std::string text;
  std::size_t tokens = 0;
  const auto line = [&] {
    say(format_line(options_.server_name,
                    std::string(rpl_isupport) + " " + std::string(target()) + text, {},
                    "are supported by this server"));
    text.clear();
    tokens = 0;
  };
  for (const std::string& token : isupport_tokens(options_.network)) {
    text += " " + token;
    if (++tokens == tokens_per_line) line();
  }
  if (tokens > 0) line();
}

// ---- Names and inboxes --------------------------------------------------------------------------

// Whoever knows the token has the same inbox on every server, and so can take the session over.
std::string Connection::Impl::inbox_of(std::string_view nick) const {
  if (password_.empty()) return birth_.inbox;
  return wire::to_hex(wire::hmac_sha256(as_bytes(password_), as_bytes(chat::folded(nick))))
      .substr(0, chat::inbox_bytes_max);
}

void Connection::Impl::follow_inbox(Position from) {
  const std::string topic = chat::inbox_topic(inbox_);
  const wire::EventPosition place{.command = from, .sub = 0};
  follows_[topic] = {.what = Follow::What::inbox, .name = {}, .from = place};
  native_.follow(topic, place);
}

void Connection::Impl::change_nick(const std::string& name) {
  if (name == nick_) return;
  const std::string inbox = password_.empty() ? std::string{} : inbox_of(name);
  order(chat::Nick{.name = name, .inbox = inbox}, name,
        [this, inbox](const chat::Receipt& receipt) {
          if (inbox.empty() || inbox == inbox_) return;
          const std::string before = chat::inbox_topic(std::exchange(inbox_, inbox));
          follow_inbox(receipt.position);
          // What it had is told by then.
          barrier();
          then([this, before] {
            follows_.erase(before);
            native_.unfollow(before);
          });
        });
}

// ---- The line itself ----------------------------------------------------------------------------

void Connection::Impl::ping(const Message& message) {
  if (message.param(0).empty()) return numeric(err_noorigin, {}, "No origin specified");
  say(format_line(options_.server_name, "PONG", {options_.server_name}, message.param(0)));
}

void Connection::Impl::pong(const Message& message) {
  if (message.params.empty()) return;
  pinged_.reset();
  if (!confirms_ || message.params.back() != message_id(*confirms_)) return;
  confirm();
  confirms_.reset();
}

void Connection::Impl::quit(const Message& message) {
  const std::string text(front_of(message.param(0), part_bytes_max));
  const std::string reason = text.empty() ? "Client quit" : "Quit: " + text;
  const bool signed_in = phase_ == Phase::registered;
  phase_ = Phase::quitting;
  if (signed_in && writable_) {
    await(native_.send(chat::SignOut{reason}), [](const Native::Answer&) {});
  }
  then([this, reason] { close(reason, true); });
}

}  // namespace muster::edge::irc
