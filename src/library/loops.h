// The loop that all clients of one io_context share.
#pragma once

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>

#include "net/loop.h"

namespace muster::library {

/// Something that lives on a loop and may be held by coroutines of its context that it holds
/// itself.
class LoopUser {
 public:
  virtual ~LoopUser() = default;
  /// Lets go of whatever it holds: the context is being destroyed.
  virtual void abandon() = 0;
};

/// A `net::Loop` on the context that asked for it; made with the first user, gone with the context.
///
/// A coroutine that owns a client is owned by whatever it waits for, which may be that client. So
/// when the context goes, this breaks the circle: all users abandon what they hold.
/// Thread-safety: `of` any; the rest on the context's thread.
class Loops final : public boost::asio::execution_context::service {
 public:
  static boost::asio::execution_context::id id;

  static Loops& of(boost::asio::io_context& context) {
    return boost::asio::use_service<Loops>(context);
  }
  explicit Loops(boost::asio::io_context& context);

  net::Loop& loop() { return loop_; }
  void add(const std::shared_ptr<LoopUser>& user) { users_[user.get()] = user; }
  void remove(const LoopUser& user) { users_.erase(&user); }

 private:
  void shutdown() override;

  net::Loop loop_;
  std::map<const LoopUser*, std::weak_ptr<LoopUser>> users_;
};

}  // namespace muster::library
