#include "cli/demo_people.h"

#include <array>
#include <boost/asio/post.hpp>
#include <string_view>
#include <utility>

#include "chat/chat.h"
#include "cli/demo_model.h"
#include "client/client.h"

namespace muster::cli {

using namespace std::chrono_literals;

namespace {

constexpr std::string_view room = "lobby";
constexpr std::array<std::string_view, 3> people_names{"ann", "ben", "cleo"};
constexpr auto pause_between_words = 1'100ms;
constexpr Duration people_patience = 1h;
constexpr std::array<std::string_view, 15> small_talk{
    "hello, is this on?",
    "it is. Whatever we say is on the disks of two servers before anybody sees it",
    "and all of us see it in the same order",
    "which server are you on?",
    "no idea. Does it matter?",
    "not until mine dies, and then not either",
    "who leads?",
    "the one with the crown. Press k and see how long that lasts",
    "poor thing",
    "it gets its crown back when it returns: the highest number leads",
    "and what we wrote meanwhile?",
    "is there. Look at the counters",
    "lost 0, twice 0. I like those",
    "press a, let us have one more server",
    "the more the merrier",
};

}  // namespace

/// One of them: signs in, joins the room, and says what it is given.
class DemoPeople::Person {
 public:
  Person(DemoPeople& people, std::size_t place)
      : people_(people),
        place_(place),
        client_(people.loop_, {.session = session_options(people, place)}) {
    client_.on_change([this](const session::StateChange& change) { changed(change); });
    // One of them is enough to see it all.
    if (place_ == 0) follow();
  }

  void say(std::string_view text) {
    if (signed_in_) call(chat::Say{.room = std::string(room), .text = std::string(text)});
  }

 private:
  static session::Session::Options session_options(const DemoPeople& people, std::size_t place) {
    session::Session::Options options;
    options.name = people_names[place];
    options.kind = "demo";
    options.seeds = turned(people.servers_, place);
    options.backoff_max = 500ms;
    return options;
  }

  void changed(const session::StateChange& change) {
    using Kind = session::StateChange::Kind;
    if (change.kind == Kind::ended) return people_.replace(place_);
    if (change.kind != Kind::opened || std::exchange(signed_in_, true)) return;
    std::string inbox = client_.session().id().uuid.to_string();
    std::erase(inbox, '-');
    call(chat::SignIn{.name = std::string(people_names[place_]), .inbox = inbox});
    call(chat::Join{.room = std::string(room)});
  }

  /// What comes of it is seen in the room.
  void call(const chat::Request& request) {
    static_cast<void>(client_.call(chat::service_id, SharedBytes(chat::encode(request)),
                                   people_patience, [](const Result<session::Reply>&) {}));
  }

  void follow() {
    static_cast<void>(client_.follow(
        chat::room_topic(room), people_.told_to_, [this](const session::TopicNews& news) {
          const auto* const happened = std::get_if<session::TopicEvents>(&news);
          if (happened == nullptr) return;
          for (const session::Event& event : happened->events) {
            Result<chat::Line> line = chat::decode_line(event.payload.view());
            if (!line) continue;  // Of a newer version.
            line->position = event.position.command;
            people_.told_to_ = wire::after(event.position);
            people_.on_line_(*line);
          }
        }));
  }

  DemoPeople& people_;
  const std::size_t place_;
  client::Client client_;
  bool signed_in_{false};
};

DemoPeople::DemoPeople(net::Loop& loop, std::vector<std::string> servers, OnLine on_line)
    : loop_(loop),
      servers_(std::move(servers)),
      on_line_(std::move(on_line)),
      timer_(loop.context()) {
  for (std::size_t place = 0; place < people_names.size(); ++place) {
    people_.push_back(std::make_unique<Person>(*this, place));
  }
  speak();
}

DemoPeople::~DemoPeople() = default;

void DemoPeople::remark(std::string text) {
  remark_ = std::move(text);
}

void DemoPeople::speak() {
  timer_.expires_after(pause_between_words);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    Person& person = *people_[said_ % people_.size()];
    if (remark_.empty()) {
      person.say(small_talk[said_ % small_talk.size()]);
    } else {
      person.say(std::exchange(remark_, {}));
    }
    ++said_;
    speak();
  });
}

void DemoPeople::replace(std::size_t place) {
  boost::asio::post(loop_.context(), [this, place, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) people_[place] = std::make_unique<Person>(*this, place);
  });
}

}  // namespace muster::cli
