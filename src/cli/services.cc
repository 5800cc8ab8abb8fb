#include "cli/services.h"

#include "chat/chat.h"
#include "echo/echo.h"

namespace muster::cli {

std::vector<std::unique_ptr<service::Machine>> make_services() {
  std::vector<std::unique_ptr<service::Machine>> services;
  services.push_back(std::make_unique<echo::Echo>());
  services.push_back(std::make_unique<chat::Chat>());
  return services;
}

}  // namespace muster::cli
