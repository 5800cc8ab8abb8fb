#include "chat/state.h"

#include <algorithm>

#include "chat/masks.h"

namespace muster::chat {

const std::string* Room::ranks_of(const std::string& person) const {
  const auto found = people.find(person);
  return found == people.end() ? nullptr : &found->second;
}

bool Room::has_mask(char mode, std::string_view prefix) const {
  return std::ranges::any_of(
      masks, [&](const Mask& each) { return each.mode == mode && matches(each.mask, prefix); });
}

bool Room::bans(std::string_view prefix) const {
  return has_mask('b', prefix) && !has_mask('e', prefix);
}

bool Room::invites(const std::string& folded_name) const {
  return std::ranges::find(invited, folded_name) != invited.end();
}

}  // namespace muster::chat
