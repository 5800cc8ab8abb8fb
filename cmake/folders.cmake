# The folders of src/, lowest layer first, one line each. USES is what a folder may include, PURE
# that it does no input or output; tools/check holds both, and the includes of every file, against
# the table in docs/architecture.md. A folder that has no file yet is passed over.
muster_folder(base PURE LINKS PkgConfig::ISAL)
muster_folder(wire PURE USES base LINKS OpenSSL::Crypto)
muster_folder(methods PURE USES wire base)
muster_folder(raft PURE USES base)
muster_folder(discovery PURE USES wire base)
muster_folder(service PURE USES base)
muster_folder(storage/format PURE USES base)
muster_folder(echo PURE USES service wire base)
muster_folder(chat PURE USES service wire base)
muster_folder(auction PURE USES service wire base)
muster_folder(mobility PURE USES service wire base LINKS pugixml::pugixml)
muster_folder(group PURE USES service wire base)
muster_folder(replica PURE USES group service wire base)
muster_folder(edge PURE USES replica group service wire base)
muster_folder(edge/irc PURE USES edge chat replica group service wire base)
muster_folder(node PURE USES methods raft discovery edge replica group service storage/format wire base)
muster_folder(session PURE USES discovery wire base)
muster_folder(net USES wire base LINKS Threads::Threads OpenSSL::Crypto PRECOMPILE <boost/asio.hpp>)
muster_folder(storage USES storage/format wire base LINKS Threads::Threads)
muster_folder(storage/simulated USES storage storage/format wire base)
muster_folder(client USES session net discovery wire base PRECOMPILE <boost/asio.hpp>)
muster_folder(gateway USES edge/irc edge chat net replica group service wire base PRECOMPILE <boost/asio.hpp>)
muster_folder(server USES node methods gateway storage storage/format net raft discovery edge/irc edge chat replica
              group service wire base LINKS spdlog::spdlog PRECOMPILE <boost/asio.hpp>)
muster_folder(library USES client session server node methods net discovery group service wire base LINKS spdlog::spdlog
              PRECOMPILE <boost/asio.hpp>)
muster_folder(cli USES library client session server node methods gateway storage storage/format net raft discovery
              edge replica group mobility auction chat echo service wire base LINKS spdlog::spdlog fmt::fmt PkgConfig::EDIT
              PROGRAM muster)
if(TARGET muster_cli AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 takes the operators of Asio's coroutine frames for those of others where it inlines one.
  target_compile_options(muster_cli PRIVATE -Wno-mismatched-new-delete)
endif()
# Operators new and delete that count. Apart from the tests of a folder: where a compiler sees both a call and
# these, it takes `free` for the wrong end of a `new`.
add_library(muster_counting_new OBJECT "${PROJECT_SOURCE_DIR}/tests/counting_new.cc")
target_link_libraries(muster_counting_new PRIVATE muster_base muster_warnings)
set_target_properties(muster_counting_new PROPERTIES EXCLUDE_FROM_ALL ON)
if(TARGET edge_test)
  target_link_libraries(edge_test PRIVATE muster_counting_new)
endif()
if(TARGET cli_test)
  target_link_libraries(cli_test PRIVATE muster_storage_simulated)  # For crashes of `recover`.
endif()
if(NOT MUSTER_PURE_ONLY)
  set_source_files_properties("${PROJECT_SOURCE_DIR}/src/library/version.cc" PROPERTIES
    COMPILE_DEFINITIONS "MUSTER_VERSION=\"${PROJECT_VERSION}\"")
  set_source_files_properties("${PROJECT_SOURCE_DIR}/src/cli/version.cc" PROPERTIES
    COMPILE_DEFINITIONS "MUSTER_VERSION=\"${PROJECT_VERSION}\";MUSTER_BUILD=\"${CMAKE_BUILD_TYPE}, ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}\"")
endif()
if(MUSTER_FUZZ AND MUSTER_PURE_ONLY)
  # Of folders with input and output: decoders that need nothing of it.
  add_executable(typed_fuzz src/cli/typed_fuzz.cc src/cli/chat_input.cc src/net/address.cc)
  target_link_libraries(typed_fuzz PRIVATE muster_wire muster_base muster_warnings)
  target_link_options(typed_fuzz PRIVATE -fsanitize=fuzzer)
  add_executable(kept_fuzz src/cli/kept_fuzz.cc src/cli/kept_session.cc src/cli/sealed_bid.cc src/cli/secret_file.cc)
  target_link_libraries(kept_fuzz PRIVATE muster_auction muster_echo muster_warnings)
  target_link_options(kept_fuzz PRIVATE -fsanitize=fuzzer)
endif()
