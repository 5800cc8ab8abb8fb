// The commands that the micro-benchmarks push about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "echo/echo.h"
#include "muster/bytes.h"
#include "muster/ids.h"
#include "wire/batch.h"

namespace muster::bench {

constexpr std::size_t payload_bytes = 128;
inline const Bytes payload(payload_bytes, std::byte{7});
inline const SessionId session{*Uuid::parse("01890a5d-ac96-774b-bcce-b302099a8057")};

inline Bytes make_batch(std::uint64_t first_sequence, std::int64_t commands) {
  wire::BatchBuilder builder(
      {.session = session, .epoch = {1}, .first_sequence = {first_sequence}});
  for (std::int64_t i = 0; i < commands; ++i) builder.add(echo::service_id, payload).value();
  return std::move(builder).finish();
}

inline SharedBytes make_entry(const Bytes& batch) {
  wire::EntryBuilder builder(batch.size());
  check(builder.add(wire::BatchView::parse(batch).value()));
  return SharedBytes(std::move(builder).finish({1}));
}

}  // namespace muster::bench
