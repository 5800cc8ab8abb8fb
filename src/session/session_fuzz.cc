// A client's session whose servers say anything: each call has one answer at most, and what it
// sends is within the limits.
#include <cstdint>
#include <set>
#include <vector>

#include "muster/check.h"
#include "muster/codec.h"
#include "session/session.h"
#include "wire/batch.h"

using namespace muster;

namespace {

constexpr std::size_t calls_max = 8;

session::Session::Options options() {
  session::Session::Options options;
  options.id = SessionId{Uuid::make_v7(std::chrono::milliseconds{1}, 1, 1)};
  options.name = "ann";
  options.seeds = {"a:1", "b:1"};
  options.calls_in_flight_max = calls_max;
  options.reads_in_flight_max = calls_max;
  return options;
}

class Client {
 public:
  /// A byte says what happens next, two how long its argument is.
  void live(Reader& script) {
    turn();
    while (script.ok() && !script.rest().empty()) {
      const auto what = script.integer<std::uint8_t>();
      const auto size = script.integer<std::uint16_t>();
      const BytesView argument = script.raw(std::min<std::size_t>(size, script.rest().size()));
      happen(what, argument);
      turn();
    }
    session_.end(now_);
    turn();
    check(session_.ended() && answered_.size() == called_ && read_.size() == asked_);
  }

 private:
  void happen(std::uint8_t what, BytesView argument) {
    const Instant deadline = now_ + std::chrono::seconds{5};
    switch (what % 8) {
      case 0:
        now_ += std::chrono::milliseconds{10 * argument.size()};
        return session_.tick(now_);
      case 1:
        if (session_.call(ServiceId{7}, SharedBytes::copy_of(argument), now_, deadline)) ++called_;
        return;
      case 2: {
        const bool linearizable = argument.size() % 2 == 0;
        const auto body = SharedBytes::copy_of(argument);
        if (session_.read(ServiceId{7}, body, linearizable, now_, deadline)) ++asked_;
        return;
      }
      case 3:
        if (session_.query(wire::FrameType::status_request, {}, now_, deadline)) ++asked_;
        return;
      case 4:
        static_cast<void>(session_.follow(as_text(argument), std::nullopt));
        return;
      case 5:
        if (!links_.empty()) session_.disconnected(links_.back(), now_);
        return;
      default:
        return take_frame(argument);
    }
  }

  /// The first byte is the type. Of two links, as while the session moves, a bit of it says which.
  void take_frame(BytesView argument) {
    if (argument.empty() || links_.empty()) return;
    const auto first = static_cast<std::uint8_t>(argument.front());
    const auto type = wire::frame_type_from(first & 0x7fU);
    if (!type) return;
    const std::size_t back = (first & 0x80U) != 0 ? 2 : 1;
    const session::LinkId link = links_[links_.size() - std::min(back, links_.size())];
    session_.frame(link, *type, SharedBytes::copy_of(argument.subspan(1)), now_);
  }

  void turn() {
    const session::Ready ready = session_.ready(now_);
    for (const session::CompletedCall& call : ready.calls) {
      check(answered_.insert(call.sequence.value).second);
    }
    for (const session::CompletedRead& read : ready.reads) {
      check(read_.insert(read.request.value).second);
    }
    for (const session::CompletedQuery& query : ready.queries) {
      check(read_.insert(query.request.value).second);
    }
    for (const session::Outgoing& out : ready.send) {
      if (out.frame.type != wire::FrameType::commands) continue;
      check(wire::BatchView::parse_from_client(out.frame.body.view()).has_value());
    }
    check(session_.calls_in_flight() <= calls_max);
    for (const session::Dial& dial : ready.dial) {
      links_.push_back(dial.link);
      session_.connected(dial.link, now_);
    }
    if (!ready.dial.empty()) turn();
  }

  session::Session session_{options()};
  Instant now_{std::chrono::seconds{1}};
  std::vector<session::LinkId> links_;
  std::size_t called_{0};
  std::size_t asked_{0};
  std::set<std::uint64_t> answered_;
  std::set<std::uint64_t> read_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader script({reinterpret_cast<const std::byte*>(data), size});
  Client().live(script);
  return 0;
}
