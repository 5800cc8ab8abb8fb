// The map that the group has: it comes in pieces, and all servers have the same.
#include <utility>

#include "mobility/mobility.h"

namespace muster::mobility {

Mobility::Handled Mobility::handle(const MapPart& request, CommandRef, service::Output&) {
  const Atlas& before = atlas_.read();
  if (request.total_bytes == 0 || request.total_bytes > RoadMap::bytes_max) {
    return Error{ErrorCode::resource_exhausted, "a map has at most " +
                                                    std::to_string(RoadMap::bytes_max) +
                                                    " bytes; cut a smaller part out of it"};
  }
  if (!before.map.empty() && before.digest == request.digest) {
    Receipt out = receipt();
    out.repeated = true;
    return out;
  }
  if (!open_.empty()) {
    return Error{
        ErrorCode::failed_precondition,
        std::to_string(open_.size()) + " incidents are open; change the map when they are over"};
  }
  const bool is_next = request.offset != 0 && request.digest == before.next_digest &&
                       request.total_bytes == before.next_total &&
                       request.offset == before.next.size();
  if (request.offset != 0 && !is_next) {
    return Error{ErrorCode::aborted,
                 "this is not the next piece of the map that is being sent; begin anew"};
  }
  if (request.bytes.size() > request.total_bytes - request.offset) {
    return Error{ErrorCode::invalid_argument, "the pieces are more than the map"};
  }
  Atlas& atlas = atlas_.write();
  if (request.offset == 0) {
    atlas.next.clear();
    atlas.next_digest = request.digest;
    atlas.next_total = request.total_bytes;
  }
  atlas.next.insert(atlas.next.end(), request.bytes.begin(), request.bytes.end());
  if (atlas.next.size() < atlas.next_total) return receipt();
  Bytes whole = std::exchange(atlas.next, {});
  atlas.next_total = 0;
  if (wire::sha256(whole) != request.digest) {
    return Error{ErrorCode::invalid_argument, "the map does not have the digest it came with"};
  }
  auto map = RoadMap::decode(whole);
  if (!map) return map.error();
  map_ = std::move(*map);
  atlas.map = std::move(whole);
  atlas.digest = request.digest;
  return receipt();
}

}  // namespace muster::mobility
