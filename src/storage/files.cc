#include "storage/files.h"

namespace muster::storage {

std::string_view name_of(SyncSite site) {
  switch (site) {
    case SyncSite::append:
      return "append";
    case SyncSite::roll_content:
      return "roll_content";
    case SyncSite::roll_folder:
      return "roll_folder";
    case SyncSite::rewrite_content:
      return "rewrite_content";
    case SyncSite::rewrite_folder:
      return "rewrite_folder";
    case SyncSite::snapshot_content:
      return "snapshot_content";
    case SyncSite::snapshot_folder:
      return "snapshot_folder";
    case SyncSite::identity_content:
      return "identity_content";
    case SyncSite::identity_folder:
      return "identity_folder";
    case SyncSite::fence_content:
      return "fence_content";
    case SyncSite::fence_folder:
      return "fence_folder";
  }
  return "unknown";
}

}  // namespace muster::storage
