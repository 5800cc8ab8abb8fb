# The folders, lowest layer first. USES is what a folder may include; tools/check holds the
# includes of every file against the table in docs/architecture.md.
muster_folder(base LINKS PkgConfig::ISAL)
foreach(pure_folder raft storage/format)
  if(EXISTS "${PROJECT_SOURCE_DIR}/src/${pure_folder}")
    muster_folder(${pure_folder} USES base)
  endif()
endforeach()
