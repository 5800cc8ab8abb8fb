// The chat service as servers of the simulator run it: watched.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/chat.h"
#include "muster/machine.h"
#include "sim/chat_checkers.h"

namespace muster::sim {

/// Before each command of a client stands its operation, as in all commands of the simulator.
Bytes with_operation(OperationId id, const chat::Request& request);

/// A chat of the product that takes commands with an operation before them, and tells the checkers
/// what it does.
class ChatHouse final : public service::Machine {
 public:
  /// Those that a server has, the newest last: a snapshot is loaded into another one.
  using Houses = std::vector<const ChatHouse*>;

  /// `checkers` and `houses` outlive this.
  ChatHouse(std::size_t server, const chat::Chat::Options& limits, ChatCheckers& checkers,
            Houses& houses);
  ~ChatHouse() override;
  ChatHouse(const ChatHouse&) = delete;
  ChatHouse& operator=(const ChatHouse&) = delete;

  ServiceId id() const override { return chat_.id(); }
  std::string_view name() const override { return chat_.name(); }
  void apply(const service::Command& command, service::Output& output) override;
  std::optional<LogTime> deadline() const override { return chat_.deadline(); }
  void expire(LogTime now, service::Output& output) override;
  void session_ended(SessionId session, Position at, LogTime now, service::Output& output) override;
  Result<Bytes> topic_state(std::string_view topic) const override {
    return chat_.topic_state(topic);
  }
  Result<Bytes> query(BytesView request) const override { return chat_.query(request); }
  service::FrozenParts freeze() const override { return chat_.freeze(); }
  [[nodiscard]] Result<void> restore(BytesView part) override { return chat_.restore(part); }
  void clear() override { chat_.clear(); }

  // As `ChatModel` has them.
  std::vector<std::string> rooms() const;
  std::string room(const std::string& name) const;
  std::string people() const;
  std::string history(const std::string& room) const;
  std::string directs(const std::string& inbox) const;
  /// Of its whole state, as in a snapshot.
  std::string checksum() const;

 private:
  std::string lines(const chat::AskHistory& query) const;

  const std::size_t server_;
  chat::Chat chat_;
  ChatCheckers& checkers_;
  Houses& houses_;
};

}  // namespace muster::sim
