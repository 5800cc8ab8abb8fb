#include "cli/services.h"

#include "auction/auction.h"
#include "chat/chat.h"
#include "echo/echo.h"
#include "mobility/mobility.h"

namespace muster::cli {

std::vector<std::unique_ptr<service::Machine>> make_services() {
  std::vector<std::unique_ptr<service::Machine>> services;
  services.push_back(std::make_unique<echo::Echo>());
  services.push_back(std::make_unique<chat::Chat>());
  services.push_back(std::make_unique<auction::Auction>());
  services.push_back(std::make_unique<mobility::Mobility>());
  return services;
}

}  // namespace muster::cli
