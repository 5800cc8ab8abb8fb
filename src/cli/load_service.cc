#include "cli/load_service.h"

#include <fmt/format.h>

#include <utility>

#include "auction/auction.h"
#include "auction/messages.h"
#include "chat/chat.h"
#include "chat/messages.h"
#include "chat/words.h"
#include "cli/payloads.h"
#include "echo/echo.h"
#include "muster/check.h"
#include "wire/limits.h"

namespace muster::cli {
namespace {

class Echo final : public LoadService {
 public:
  explicit Echo(const Options& options) : payloads_(options.size, options.seed) {}
  ServiceId id() const override { return echo::service_id; }
  Result<std::optional<SharedBytes>> prepare(const session::Reply*) override {
    return std::optional<SharedBytes>{};
  }
  SharedBytes next() override { return payloads_.next(); }
  Result<void> judge(const SharedBytes& said, const session::Reply& answer) const override {
    if (answer.payload == said) return {};
    return Error{ErrorCode::internal, "a reply of echo is not what was said"};
  }

 private:
  Payloads payloads_;
};

// Signs in, goes into a room and speaks there.
class Chat final : public LoadService {
 public:
  explicit Chat(const Options& options)
      : room_(fmt::format("bench-{}", options.client % rooms)),
        name_(fmt::format("b{:x}", options.seed)),
        inbox_(fmt::format("{:016x}{:016x}", options.seed, options.client)),
        size_(options.size) {}
  ServiceId id() const override { return chat::service_id; }
  Result<std::optional<SharedBytes>> prepare(const session::Reply* answer) override {
    if (answer == nullptr) return to_say(chat::SignIn{.name = name_, .inbox = inbox_});
    if (auto good = judge({}, *answer); !good) return good.error();
    if (std::exchange(joins_, true)) return std::optional<SharedBytes>{};
    return to_say(chat::Join{.room = room_});
  }
  SharedBytes next() override {
    std::string text = std::to_string(++said_);
    text.resize(std::max<std::size_t>(size_, 1), '.');
    return SharedBytes(
        chat::encode(chat::Request{chat::Say{.room = room_, .text = std::move(text)}}));
  }
  Result<void> judge(const SharedBytes&, const session::Reply& answer) const override {
    const auto receipt = chat::done_or_error(chat::decode_receipt(answer.payload.view()));
    if (!receipt) return receipt.error();
    return {};
  }

 private:
  static constexpr std::size_t rooms = 16;

  static std::optional<SharedBytes> to_say(const chat::Request& request) {
    return SharedBytes(chat::encode(request));
  }

  const std::string room_;
  const std::string name_;
  const std::string inbox_;
  const std::size_t size_;
  bool joins_{false};
  std::uint64_t said_{0};
};

// Offers a lot, for which two bid in turn.
class Auction final : public LoadService {
 public:
  explicit Auction(const Options& options) : lasts_(options.lasts) {}
  ServiceId id() const override { return auction::service_id; }
  Result<std::optional<SharedBytes>> prepare(const session::Reply* answer) override {
    if (answer == nullptr) return std::optional(SharedBytes(auction::encode(offer())));
    if (auto good = judge({}, *answer); !good) return good.error();
    lot_ = auction::decode_receipt(answer->payload.view())->lot;
    return std::optional<SharedBytes>{};
  }
  SharedBytes next() override {
    ++price_.minor;
    return SharedBytes(auction::encode(auction::Request{auction::Bid{
        .lot = lot_, .bidder = price_.minor % 2 == 0 ? "ann" : "bob", .price = price_}}));
  }
  Result<void> judge(const SharedBytes&, const session::Reply& answer) const override {
    const auto receipt = auction::decode_receipt(answer.payload.view());
    if (!receipt) return receipt.error();
    if (receipt->reason == auction::Reason::accepted) return {};
    return Error{code_of(receipt->reason), in_words(*receipt), Outcome::applied};
  }

 private:
  auction::Request offer() const {
    return auction::Open{
        .seller = "bench",
        .terms = {.title = "a load",
                  .start = {1},
                  .increments = {{auction::Price{}, {1}}},
                  .duration = std::chrono::ceil<std::chrono::milliseconds>(lasts_)}};
  }

  const Duration lasts_;
  auction::LotId lot_{};
  auction::Price price_{};
};

}  // namespace

std::unique_ptr<LoadService> make_load_service(std::string_view name,
                                               const LoadService::Options& options) {
  if (name == "chat") return std::make_unique<Chat>(options);
  if (name == "auction") return std::make_unique<Auction>(options);
  check(name == "echo");
  return std::make_unique<Echo>(options);
}

std::size_t load_size_max(std::string_view service) {
  return service == "chat" ? chat::text_bytes_max : wire::command_bytes_max;
}

}  // namespace muster::cli
