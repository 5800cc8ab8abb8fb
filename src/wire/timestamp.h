// Log time in messages of a schema.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include "muster/time.h"

namespace muster::wire {

void put_time(LogTime time, google::protobuf::Timestamp& out);
/// Cut to milliseconds. A time outside of what RFC 3339 can write, as bytes from outside may
/// have it, becomes the first or last second that it can.
LogTime to_time(const google::protobuf::Timestamp& time);

}  // namespace muster::wire
