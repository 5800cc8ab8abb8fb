#include "replica/batch_output.h"

#include <string>

#include "muster/check.h"

namespace muster::replica {

template <class Answer>
void BatchOutput::append(const Answer& answer) {
  check(!answered_);
  answered_ = true;
  if (next_ == SequenceNumber{0}) return;  // Nobody waits for it.
  if (!builder_) builder_.emplace(next_);
  if (!builder_->add(position_, answer)) {
    close_body();
    builder_.emplace(next_);
    check(builder_->add(position_, answer));
  }
  ++next_.value;
}

void BatchOutput::close_body() {
  if (!builder_) return;
  const std::uint32_t count = builder_->size();
  bodies_.push_back({.first = {next_.value - count},
                     .count = count,
                     .body = SharedBytes(std::move(*builder_).finish())});
  builder_.reset();
}

void BatchOutput::reply(BytesView payload) {
  if (payload.size() <= wire::reply_bytes_max) return append(payload);
  refuse(ErrorCode::resource_exhausted,
         "the command took effect, but its reply of " + std::to_string(payload.size()) +
             " bytes is longer than " + std::to_string(wire::reply_bytes_max));
}

void BatchOutput::refuse(ErrorCode code, std::string_view message) {
  append(Error{code, std::string(message), Outcome::applied});
}

void BatchOutput::publish(std::string_view topic, BytesView event) {
  check(wire::validate_topic(topic).has_value() && event.size() <= wire::event_bytes_max);
  wire::EventPosition position{.command = position_, .sub = 0};
  if (!events_.empty() && position <= events_.back().position) {
    position = wire::after(events_.back().position);
  }
  events_.push_back({std::string(topic), position, time_, SharedBytes::copy_of(event)});
}

std::vector<KeptReplies> BatchOutput::finish() && {
  close_body();
  return std::move(bodies_);
}

}  // namespace muster::replica
