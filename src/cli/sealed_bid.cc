#include "cli/sealed_bid.h"

#include <charconv>
#include <sstream>
#include <string_view>

#include "wire/sha256.h"

namespace muster::cli {
namespace {

constexpr std::string_view first_line = "muster sealed bid 1";

bool read_nonce(const std::string& hex, auction::Nonce& nonce) {
  if (hex.size() != 2 * nonce.size()) return false;
  for (std::size_t i = 0; i < nonce.size(); ++i) {
    std::uint8_t byte = 0;
    const char* const from = hex.data() + 2 * i;
    const auto [end, fault] = std::from_chars(from, from + 2, byte, 16);
    if (fault != std::errc{} || end != from + 2) return false;
    nonce[i] = std::byte{byte};
  }
  return true;
}

Error no_sealed_bid() {
  return {ErrorCode::invalid_argument,
          "this is no sealed bid, or it was changed: the file must be as `muster auction bid` "
          "wrote it"};
}

}  // namespace

std::string SealedBid::text() const {
  return std::string(first_line) + "\nlot " + auction::to_text(lot) + "\nbidder " + bidder +
         "\nprice " + std::to_string(price.minor) + "\nnonce " + wire::to_hex(nonce) + "\n";
}

Result<SealedBid> parse_sealed_bid(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  if (!std::getline(lines, line) || line != first_line) return no_sealed_bid();
  const auto field = [&](const std::string& name) -> std::string {
    if (!std::getline(lines, line) || !line.starts_with(name + " ")) return {};
    return line.substr(name.size() + 1);
  };
  SealedBid bid{};
  const auto lot = auction::parse_lot(field("lot"));
  if (!lot) return no_sealed_bid();
  bid.lot = *lot;
  bid.bidder = field("bidder");
  const std::string price = field("price");
  const auto [end, fault] =
      std::from_chars(price.data(), price.data() + price.size(), bid.price.minor);
  const bool is_price = fault == std::errc{} && end == price.data() + price.size();
  const bool is_nonce = read_nonce(field("nonce"), bid.nonce);
  if (bid.bidder.empty() || !is_price || !is_nonce || bid.text() != text) return no_sealed_bid();
  return bid;
}

}  // namespace muster::cli
