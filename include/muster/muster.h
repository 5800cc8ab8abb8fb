// All of Muster's library. `docs/library.md` is the guide to it.
#pragma once

#include "muster/advisor.h"          // IWYU pragma: export
#include "muster/blocking_client.h"  // IWYU pragma: export
#include "muster/client.h"           // IWYU pragma: export
#include "muster/codec.h"            // IWYU pragma: export
#include "muster/copy_on_write.h"    // IWYU pragma: export
#include "muster/duration.h"         // IWYU pragma: export
#include "muster/group_view.h"       // IWYU pragma: export
#include "muster/machine.h"          // IWYU pragma: export
#include "muster/server.h"           // IWYU pragma: export
#include "muster/version.h"          // IWYU pragma: export
