// Messages of the consensus core as bytes.
//
// A message is a head (kind, from, to, term), a body of fixed fields and, for entries and snapshot
// pieces, payloads at the end: those are sent from where they lie and read in place.
#pragma once

#include <vector>

#include "muster/bytes.h"
#include "muster/error.h"
#include "raft/message.h"
#include "wire/frame.h"

namespace muster::node {

/// The body of a `raft` frame, in pieces. Costs one allocation besides the vector; payloads are
/// shared, not copied.
std::vector<SharedBytes> encode_message(const raft::Message& message);
/// Which queue of the connection the message waits in.
wire::Lane lane_of(const raft::Message& message);
/// Payloads of the result are slices of `bytes`. Errors: `invalid_argument` if they are no message.
Result<raft::Message> decode_message(const SharedBytes& bytes);

/// A snapshot's mark without index and term, as `storage::SnapshotHeader::metadata` keeps it.
Bytes encode_mark(const raft::SnapshotMark& mark);
Result<raft::SnapshotMark> decode_mark(LogIndex index, Term term, BytesView metadata);

}  // namespace muster::node
