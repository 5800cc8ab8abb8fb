#include "cli/services.h"

#include "auction/auction.h"
#include "chat/chat.h"
#include "echo/echo.h"

namespace muster::cli {

std::vector<std::unique_ptr<service::Machine>> make_services() {
  std::vector<std::unique_ptr<service::Machine>> services;
  services.push_back(std::make_unique<echo::Echo>());
  services.push_back(std::make_unique<chat::Chat>());
  services.push_back(std::make_unique<auction::Auction>());
  return services;
}

}  // namespace muster::cli
