// What a server says of itself to IRC clients, and the limits of their connections.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "muster/time.h"

namespace muster::edge::irc {

/// The same for all IRC connections of a server.
struct Options {
  std::string server_name{"muster"};  ///< As it stands in prefixes; see `as_server_name`.
  std::string network{"muster"};      ///< The group's name.
  std::string version{"muster"};      ///< Of the program.
  LogTime started{};                  ///< By the wall clock.
  std::vector<std::string> motd{};    ///< Lines; empty: there is none.
  std::vector<std::string> admin{};   ///< Lines of who runs it: place, organisation, address.
  Duration session_timeout{std::chrono::minutes{5}};  ///< Of one whose connection broke.
  double lines_per_second{10};                        ///< Of input, in the long run.
  std::size_t burst{400};                             ///< Lines of input at once.
  std::size_t send_queue_max{std::size_t{1} << 20U};  ///< Bytes told and not yet written out.
  std::size_t tasks_max{1'000};  ///< Lines whose answers are still to come; then no input.
  Duration registration_timeout{std::chrono::seconds{60}};
  Duration ping_after{std::chrono::seconds{90}};      ///< Of silence.
  Duration confirm_after{std::chrono::seconds{15}};   ///< After something was told.
  Duration ping_timeout{std::chrono::seconds{120}};   ///< Without an answer to a PING.
  Duration status_interval{std::chrono::seconds{1}};  ///< While nothing can be decided.
};

/// `name` with what a server's name can't have in IRC replaced by `-`.
std::string as_server_name(std::string_view name);
/// An address as it may stand in a mask: one that begins with a colon gets a zero before it.
std::string as_host(std::string_view address);

}  // namespace muster::edge::irc
