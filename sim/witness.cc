#include "sim/witness.h"

#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "muster/advisor.h"
#include "muster/codec.h"

namespace muster::sim {

namespace {

/// Shows the advisor the machine that it knows.
class Interpreter final : public service::Advisor {
 public:
  explicit Interpreter(std::unique_ptr<service::Advisor> advisor) : advisor_(std::move(advisor)) {}
  Duration interval() const override { return advisor_->interval(); }
  std::vector<service::Advice> advise(const service::Machine& applied,
                                      const service::LiveValues& live, Instant now) override {
    return advisor_->advise(static_cast<const Witness&>(applied).machine(), live, now);
  }

 private:
  std::unique_ptr<service::Advisor> advisor_;
};

/// Listens to the answer on its way.
class Listener final : public service::Output {
 public:
  using Published = std::function<void(BytesView)>;
  Listener(service::Output& output, AppliedCommand& command, Published published)
      : output_(output), command_(command), published_(std::move(published)) {}
  void reply(BytesView payload) override {
    command_.reply_checksum = crc32c(payload);
    output_.reply(payload);
  }
  void refuse(ErrorCode code, std::string_view message) override {
    command_.refused = true;
    command_.reply_checksum = crc32c(as_bytes(message));
    output_.refuse(code, message);
  }
  void publish(std::string_view topic, BytesView event) override {
    published_(event);
    output_.publish(topic, event);
  }

 private:
  service::Output& output_;
  AppliedCommand& command_;
  Published published_;
};

std::uint32_t checksum(const service::Command& command) {
  Bytes head;
  Writer writer(head);
  writer.uuid(command.session.uuid);
  writer.integer(command.time.milliseconds);
  return crc32c(command.payload, crc32c(head));
}

}  // namespace

OperationId operation_of(BytesView payload) {
  Reader reader(payload);
  OperationId id;
  id.client = reader.integer<std::uint32_t>();
  id.number = reader.integer<std::uint64_t>();
  return id;
}

BytesView without_operation(BytesView payload) {
  constexpr std::size_t operation_bytes = sizeof(std::uint32_t) + sizeof(std::uint64_t);
  return payload.subspan(std::min(operation_bytes, payload.size()));
}

std::uint64_t mark_of(GroupId group) {
  Bytes bytes;
  Writer(bytes).uuid(group.uuid);
  return std::uint64_t{crc32c(bytes)} << 1U | 1U;
}

MarkedAnswer read_mark(BytesView marked) {
  const std::size_t size = marked.size() - sizeof(std::uint64_t);
  return {marked.first(size), Reader(marked.subspan(size)).integer<std::uint64_t>()};
}

Result<Bytes> Witness::query(BytesView request) const {
  auto answer = machine_->query(request);
  const auto group = group_();
  if (answer) Writer(*answer).integer(group ? mark_of(*group) : std::uint64_t{0});
  return answer;
}

std::unique_ptr<service::Advisor> Witness::make_advisor() const {
  auto advisor = machine_->make_advisor();
  if (!advisor) return nullptr;
  return std::make_unique<Interpreter>(std::move(advisor));
}

void Witness::apply(const service::Command& command, service::Output& output) {
  AppliedCommand seen{.id = command.system ? OperationId{} : operation_of(command.payload),
                      .service = machine_->id(),
                      .of_leader = command.system,
                      .checksum = checksum(command)};
  Listener listener(output, seen, [&](BytesView event) {
    if (id() == register_service) {
      checkers_.published.published(server_, command.position, event);
    }
  });
  machine_->apply(command, listener);
  const auto group = group_();
  if (group && !command.system) checkers_.one_group.applied(server_, *group);
  checkers_.order.applied(server_, command.position, seen, command.payload);
}

}  // namespace muster::sim
