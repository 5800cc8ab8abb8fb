#include "replica/batch_output.h"

#include <string>

#include "base/check.h"

namespace muster::replica {

void BatchOutput::close_body() {
  if (builder_.empty()) return;
  const std::uint32_t count = builder_.size();
  bodies_.push_back({.first = {next_.value - count},
                     .count = count,
                     .body = SharedBytes(std::move(builder_).finish())});
  builder_ = wire::RepliesBuilder(next_);
}

void BatchOutput::reply(BytesView payload) {
  if (payload.size() > wire::reply_bytes_max) {
    refuse(ErrorCode::resource_exhausted,
           "the command took effect, but its reply of " + std::to_string(payload.size()) +
               " bytes is longer than " + std::to_string(wire::reply_bytes_max));
    return;
  }
  check(!answered_);
  answered_ = true;
  if (!builder_.add(position_, payload)) {
    close_body();
    check(builder_.add(position_, payload));
  }
  ++next_.value;
}

void BatchOutput::refuse(ErrorCode code, std::string_view message) {
  check(!answered_);
  answered_ = true;
  const Error error{code, std::string(message), Outcome::applied};
  if (!builder_.add(position_, error)) {
    close_body();
    check(builder_.add(position_, error));
  }
  ++next_.value;
}

void BatchOutput::publish(std::string_view topic, BytesView event) {
  events_.push_back({std::string(topic), position_, SharedBytes::copy_of(event)});
}

std::vector<KeptReplies> BatchOutput::finish() && {
  close_body();
  return std::move(bodies_);
}

}  // namespace muster::replica
