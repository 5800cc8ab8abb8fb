// Events of the chat as lines of IRC, encoded once for all connections that are alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "chat/messages.h"
#include "edge/irc/capabilities.h"
#include "muster/bytes.h"
#include "wire/events.h"

namespace muster::edge::irc {

/// One event of a frame, and its lines among the frame's; none if such a client is not told of it.
struct EncodedLine {
  wire::EventPosition position;
  LogTime time;
  std::size_t begin{0};  ///< Of its bytes.
  std::size_t end{0};
  std::size_t first_end{0};  ///< Of its first line: the only one that who joins is told itself.
  bool of_person{false};     ///< Told on the topics of all rooms of `from`.
  chat::Line line{};
};

/// A frame of events for all connections of the same traits.
struct Encoded {
  std::string topic;
  SharedBytes bytes;                 ///< Of all lines.
  std::vector<EncodedLine> lines{};  ///< At least one.
  bool special{false};  ///< Has lines that a connection must look at even if they aren't its own.
  std::vector<std::string> names{};  ///< Folded: of those who did it or to whom it was done.
};

/// Keeps the newest encodings. All members of a room have the same bytes told, and none copies
/// them. Thread-safety: none.
class Encodings {
 public:
  struct Options {
    std::size_t frames_max{512};
    std::size_t bytes_max{std::size_t{8} << 20U};
  };

  Encodings() : Encodings(Options{}) {}
  explicit Encodings(const Options& options) : options_(options) {}

  /// `body`: of an `events` frame. The same bytes in memory and capabilities that matter give the
  /// same encoding. Nothing if they are no events, or not of the chat.
  std::shared_ptr<const Encoded> find(const SharedBytes& body, Capabilities capabilities,
                                      std::string_view server_name);

  std::size_t frames() const { return order_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  using Key = std::tuple<const std::byte*, std::size_t, std::uint32_t>;  // With the traits.
  struct Kept {
    Key key;
    SharedBytes body;  // Kept, so that no other frame can have its address.
    std::shared_ptr<const Encoded> encoded;
    std::size_t bytes{0};
  };

  void make_room();

  const Options options_;
  std::list<Kept> order_;  // Oldest first.
  std::map<Key, std::list<Kept>::iterator> found_;
  std::size_t bytes_{0};
};

}  // namespace muster::edge::irc
