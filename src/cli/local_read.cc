#include "cli/local_read.h"

#include <string>

#include "wire/control.h"

namespace muster::cli {

Result<LocalAnswer> read_locally(net::Loop& loop, const client::Question::Options& question,
                                 ServiceId service, BytesView query) {
  wire::Read read;
  read.set_request_id(1);
  read.set_service(service.value);
  read.set_linearizable(false);
  read.set_payload(std::string(as_text(query)));
  const auto answer = client::ask(
      loop, question, {.type = wire::FrameType::read, .body = SharedBytes(wire::encode(read))});
  if (!answer) return answer.error();
  const auto reply = wire::decode<wire::ReadReply>(answer->frame.body.view());
  if (!reply) return reply.error();
  if (reply->code() != 0) {
    wire::Refused refused;
    refused.set_code(reply->code());
    refused.set_outcome(static_cast<std::uint32_t>(Outcome::not_applied));
    refused.set_message(reply->payload());
    return wire::to_error(refused);
  }
  const BytesView payload = as_bytes(reply->payload());
  return LocalAnswer{.index = LogIndex{reply->index()},
                     .payload = {payload.begin(), payload.end()}};
}

}  // namespace muster::cli
