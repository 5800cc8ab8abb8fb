// Reads of clients: at once from the local state, or once it has reached the index asked for.
#include <algorithm>

#include "edge/edge.h"
#include "wire/control.h"
#include "wire/limits.h"

namespace muster::edge {

void Edge::take_read(LinkId link, const SharedBytes& body, const replica::Replica& local) {
  auto request = wire::decode<wire::Read>(body.view());
  if (!request) return refuse(link, request.error()), close(link);
  WaitingRead read{.link = link,
                   .request = request->request_id(),
                   .service = {static_cast<std::uint16_t>(request->service())},
                   .payload = SharedBytes::copy_of(as_bytes(request->payload())),
                   .index = {},
                   .refused = false,
                   .since = now_};
  if (request->service() > 0xffffU) read.service = ServiceId{0xffff};
  if (!request->linearizable()) return answer_read(read, local);
  Client& client = clients_.at(link);
  if (reads_.size() >= options_.reads_max || client.reads >= wire::session_reads_in_flight_max) {
    wire::ReadReply reply;
    reply.set_request_id(read.request);
    reply.set_code(static_cast<std::uint32_t>(ErrorCode::resource_exhausted));
    reply.set_payload(client.reads >= wire::session_reads_in_flight_max
                          ? "too many reads of this client wait; ask again when some are answered"
                          : "too many reads wait on this server; ask again later");
    return send(link, wire::FrameType::read_reply, wire::encode(reply));
  }
  const std::uint64_t id = next_read_++;
  reads_.emplace(id, std::move(read));
  ++client.reads;
  reads_wanted_.push_back(ReadWanted{id});
}

void Edge::answer_read(const WaitingRead& read, const replica::Replica& local) {
  wire::ReadReply reply;
  reply.set_request_id(read.request);
  reply.set_index(local.applied().value);
  const Result<Bytes> answer = local.query(read.service, read.payload.view());
  if (answer) {
    reply.set_payload(std::string(as_text(*answer)));
  } else {
    reply.set_code(static_cast<std::uint32_t>(answer.error().code));
    reply.set_payload(answer.error().message);
  }
  send(read.link, wire::FrameType::read_reply, wire::encode(reply));
}

void Edge::read_index(std::uint64_t id, std::optional<LogIndex> index,
                      const replica::Replica& local) {
  const auto found = reads_.find(id);
  if (found == reads_.end()) return;
  if (!index) {
    found->second.refused = true;  // No leader just now.
    return;
  }
  found->second.index = index;
  if (*index <= local.applied()) {
    answer_read(found->second, local);
    forget_read(found->second);
    reads_.erase(found);
  }
}

// Those of a link that closed are dropped with it, so the link is there.
void Edge::forget_read(const WaitingRead& read) {
  --clients_.at(read.link).reads;
}

void Edge::ask_reads_again() {
  for (auto& [id, read] : reads_) {
    if (!read.refused) continue;
    read.refused = false;
    reads_wanted_.push_back(ReadWanted{id});
  }
}

void Edge::answer_reads(const replica::Replica& local) {
  std::erase_if(reads_, [&](const auto& item) {
    if (!item.second.index || *item.second.index > local.applied()) return false;
    answer_read(item.second, local);
    forget_read(item.second);
    return true;
  });
}

}  // namespace muster::edge
