// What is asked in a sitting of the chat: of rooms, and of the group.
#include <boost/asio/post.hpp>
#include <string>
#include <utility>

#include "cli/chat_program.h"
#include "cli/json_line.h"
#include "wire/control.h"

namespace muster::cli {

void ChatProgram::show_topic() {
  const chat::RoomState* const room = client_->room(room_);
  if (room == nullptr) return complain({ErrorCode::failed_precondition, "you are in no room"}, "");
  if (options_.client.json) return show(room_json(*room));
  show(room->topic.empty() ? room_ + " has no topic: /topic TEXT sets one"
                           : room_ + ": " + harmless(room->topic));
}

void ChatProgram::show_who() {
  const chat::RoomState* const room = client_->room(room_);
  if (room == nullptr) return complain({ErrorCode::failed_precondition, "you are in no room"}, "");
  show(options_.client.json ? room_json(*room) : room_text(*room, colours_));
}

void ChatProgram::show_help() {
  show(options_.client.json ? JsonLine{}.add("kind", "HELP").add("text", chat_help()).text()
                            : std::string(chat_help()));
}

void ChatProgram::show_rooms() {
  client_->ask(chat::AskRooms{}, [this](const Result<Bytes>& answer) {
    const auto rooms = answer ? chat::decode_rooms(*answer) : Result<chat::Rooms>(answer.error());
    if (rooms) {
      show(options_.client.json ? rooms_json(*rooms) : rooms_text(*rooms));
    } else {
      complain(rooms.error(), "/rooms");
    }
    finish_when_done();
  });
}

// Two questions, one after the other, to the home, or to whoever answers when it is gone.
void ChatProgram::show_status() {
  if (questions_ > 0) return;  // The answer to the one under way is for this one too.
  client::Question::Options asked{.servers = group_.servers,
                                  .secret = options_.client.secret(),
                                  .timeout = options_.client.timeout};
  if (const auto home = client_->session().server()) {
    asked.servers.insert(asked.servers.begin(), *home);
  }
  const auto take_members = [this](const wire::Status& status, Result<client::Answer> answer) {
    const auto members = answer ? wire::decode<wire::Members>(answer->frame.body.view())
                                : Result<wire::Members>(answer.error());
    const auto& hello = client_->session().hello();
    if (!members) return complain(members.error(), "/status");
    const std::string home = hello ? hello->name() : "";
    show(options_.client.json ? view_json(status, *members, home)
                              : view_text(status, *members, home, colours_));
    finish_when_done();
  };
  const auto take_status = [this, asked, take_members](Result<client::Answer> answer) {
    const auto status = answer ? wire::decode<wire::Status>(answer->frame.body.view())
                               : Result<wire::Status>(answer.error());
    if (!status) return complain(status.error(), "/status"), finish_when_done();
    ask_group(asked, wire::FrameType::members_request, wire::encode(wire::MembersRequest{}),
              [take_members, status = *status](Result<client::Answer> members) {
                take_members(status, std::move(members));
              });
  };
  ask_group(asked, wire::FrameType::status_request, wire::encode(wire::StatusRequest{}),
            take_status);
}

// From within a question's handler neither it may be destroyed nor the next one begun.
void ChatProgram::ask_group(const client::Question::Options& asked, wire::FrameType type,
                            Bytes body, client::Question::OnDone done) {
  ++questions_;
  boost::asio::post(loop_.context(), [this, asked, type, body = SharedBytes(std::move(body)),
                                      done = std::move(done)] {
    question_ =
        std::make_unique<client::Question>(loop_, asked, wire::Frame{.type = type, .body = body},
                                           [this, done](Result<client::Answer> answer) {
                                             --questions_;
                                             done(std::move(answer));
                                           });
  });
}

}  // namespace muster::cli
