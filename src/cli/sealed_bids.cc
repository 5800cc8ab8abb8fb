#include "cli/sealed_bids.h"

#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "muster/check.h"
#include "storage/real_files.h"
#include "wire/sha256.h"

namespace muster::cli {
namespace {

constexpr std::string_view first_line = "muster sealed bid 1";
constexpr std::size_t file_bytes_max = 4'096;

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

SealedBid make_sealed_bid(auction::LotId lot, std::string bidder, auction::Price price) {
  SealedBid bid{.lot = lot, .bidder = std::move(bidder), .price = price};
  check(RAND_bytes(reinterpret_cast<unsigned char*>(bid.nonce.data()),
                   static_cast<int>(bid.nonce.size())) == 1);
  return bid;
}

std::string to_text(const SealedBid& bid) {
  return fmt::format("{}\nlot {}\nbidder {}\nprice {}\nnonce {}\n", first_line,
                     auction::to_text(bid.lot), bid.bidder, bid.price.minor,
                     wire::to_hex(bid.nonce));
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
  if (bid.bidder.empty() || !is_price || !is_nonce || to_text(bid) != text) return no_sealed_bid();
  return bid;
}

std::string SealedBids::path_of(const auction::Hash& commitment) const {
  return folder_ + "/" + wire::to_hex(commitment);
}

Result<void> SealedBids::keep(const SealedBid& bid) {
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) {
    return Error{ErrorCode::permission_denied, "the folder " + folder_ + " can't be made"};
  }
  const std::string path = path_of(bid.commitment());
  const std::string text = to_text(bid);
  storage::RealFiles files;
  if (auto done = files.write(path + ".new", 0, as_bytes(text)); !done) return done;
  if (auto done = files.sync(path + ".new", storage::SyncSite::identity_content); !done) {
    return done;
  }
  if (auto done = files.rename(path + ".new", path); !done) return done;
  return files.sync(folder_, storage::SyncSite::identity_folder);
}

Result<SealedBid> SealedBids::find(const auction::Hash& commitment) const {
  const std::string path = path_of(commitment);
  storage::RealFiles files;
  const auto bytes = files.read(path, 0, file_bytes_max);
  if (!bytes) {
    return Error{ErrorCode::not_found,
                 "what this bid commits to is not kept here: " + path +
                     " is missing. Reveal it as the user, on the machine, that made the bid"};
  }
  auto bid = parse_sealed_bid(std::string(as_text(*bytes)));
  if (!bid) return Error{bid.error().code, path + ": " + bid.error().message};
  if (bid->commitment() != commitment)
    return Error{no_sealed_bid().code, path + ": it was changed"};
  return bid;
}

Result<void> SealedBids::forget(const auction::Hash& commitment) {
  storage::RealFiles files;
  return files.remove(path_of(commitment));
}

}  // namespace muster::cli
