// The people of `muster demo` who chat with each other.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chat/messages.h"
#include "net/loop.h"
#include "wire/events.h"

namespace muster::cli {

/// Three clients of the chat who say something in turn, in the room `lobby`; what they see of it,
/// told once, in the group's order. Thread-safety: none; runs on its loop.
class DemoPeople {
 public:
  using OnLine = std::function<void(const chat::Line&)>;

  /// Begins at once. Precondition: `loop` outlives it.
  DemoPeople(net::Loop& loop, std::vector<std::string> servers, OnLine on_line);
  ~DemoPeople();
  DemoPeople(const DemoPeople&) = delete;
  DemoPeople& operator=(const DemoPeople&) = delete;

  /// Says this next, instead of what would be its turn.
  void remark(std::string text);

 private:
  class Person;

  void speak();
  void replace(std::size_t place);

  net::Loop& loop_;
  const std::vector<std::string> servers_;
  OnLine on_line_;
  std::vector<std::unique_ptr<Person>> people_;
  boost::asio::steady_timer timer_;
  std::size_t said_{0};
  std::string remark_;
  wire::EventPosition told_to_{wire::beginning_of(LogIndex{1})};
  std::shared_ptr<const bool> alive_{std::make_shared<const bool>(true)};  // For posted work.
};

}  // namespace muster::cli
