#include "cli/sealed_bids.h"

#include <openssl/rand.h>
#include <sys/stat.h>

#include <utility>

#include "muster/check.h"
#include "storage/real_files.h"
#include "wire/sha256.h"

namespace muster::cli {
namespace {

constexpr std::size_t sealed_bid_bytes_max = 4'096;

}  // namespace

SealedBid make_sealed_bid(auction::LotId lot, std::string bidder, auction::Price price) {
  SealedBid bid{.lot = lot, .bidder = std::move(bidder), .price = price};
  check(RAND_bytes(reinterpret_cast<unsigned char*>(bid.nonce.data()),
                   static_cast<int>(bid.nonce.size())) == 1);
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
  const std::string text = bid.text();
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
  const auto bytes = files.read(path, 0, sealed_bid_bytes_max);
  if (!bytes) {
    return Error{ErrorCode::not_found,
                 "what this bid commits to is not kept here: " + path +
                     " is missing. Reveal it as the user, on the machine, that made the bid"};
  }
  auto bid = parse_sealed_bid(std::string(as_text(*bytes)));
  if (!bid) return Error{bid.error().code, path + ": " + bid.error().message};
  if (bid->commitment() != commitment)
    return Error{ErrorCode::invalid_argument, path + ": it was changed"};
  return bid;
}

Result<void> SealedBids::forget(const auction::Hash& commitment) {
  storage::RealFiles files;
  return files.remove(path_of(commitment));
}

}  // namespace muster::cli
