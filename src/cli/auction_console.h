// The auction at the console: `bid`, `start`, `end`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auction/terms.h"
#include "cli/client_options.h"
#include "muster/error.h"

namespace muster::cli {

/// Bids and sells under the user's name. Each waits for its answer, within the options' timeout,
/// and gives lines to show. Errors: as the service refuses, or those of `muster::Client`.
class AuctionConsole {
 public:
  explicit AuctionConsole(const ClientOptions& client) : client_(client) {}

  /// For an English or Dutch lot.
  [[nodiscard]] Result<std::vector<std::string>> bid(const std::string& lot,
                                                     const std::string& price);
  /// Opens an English lot for five minutes.
  [[nodiscard]] Result<std::vector<std::string>> start(const std::string& price,
                                                       const std::string& title);
  /// Closes a lot; without one, that which was started here last.
  [[nodiscard]] Result<std::vector<std::string>> end(const std::string& lot);

 private:
  const ClientOptions& client_;
  std::optional<auction::LotId> started_{};
};

}  // namespace muster::cli
