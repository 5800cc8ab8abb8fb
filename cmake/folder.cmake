# muster_folder(NAME [PURE] [USES folder...] [LINKS library...] [PRECOMPILE header...]
#               [PROGRAM name])
#
# One folder of src/ is one static library `muster_NAME` and, when tests are built, one test
# program `NAME_test` made of the *_test.cc files that stand beside the code. `/` in a folder's
# name becomes `_`. Files named *_fuzz.cc are fuzz targets, one program each; *.proto files are
# compiled and included as "NAME/file.pb.h".
#
# PURE        it does no input or output: also built with MUSTER_PURE_ONLY.
# USES        the folders it may include; each must be declared before this one.
# LINKS       the foreign libraries it needs.
# PRECOMPILE  heavy foreign headers that most of its files include.
# PROGRAM     its main.cc is no part of the library but makes this program of it.
function(muster_folder NAME)
  cmake_parse_arguments(ARG "PURE" "PROGRAM" "USES;LINKS;PRECOMPILE" ${ARGN})
  string(REPLACE "/" "_" target "${NAME}")
  set(folder "${PROJECT_SOURCE_DIR}/src/${NAME}")

  get_property(declared GLOBAL PROPERTY MUSTER_FOLDERS)
  foreach(use ${ARG_USES})
    if(NOT use IN_LIST declared)
      message(FATAL_ERROR "folder ${NAME} uses ${use}, which is not declared above it")
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY MUSTER_FOLDERS "${NAME}")
  if(MUSTER_PURE_ONLY AND NOT ARG_PURE)
    return()
  endif()

  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.cc")
  file(GLOB headers CONFIGURE_DEPENDS "${folder}/*.h")
  file(GLOB schemas CONFIGURE_DEPENDS "${folder}/*.proto")
  if(NOT sources AND NOT headers AND NOT schemas)
    return()
  endif()
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER sources EXCLUDE REGEX "(_(test|fuzz)|/main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")

  if(sources)
    add_library(muster_${target} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(muster_${target} PRIVATE muster_warnings)
    if(MUSTER_UNITY)
      set_target_properties(muster_${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${MUSTER_UNITY_FILES})
    endif()
    if(ARG_PRECOMPILE AND MUSTER_PRECOMPILE AND NOT MUSTER_UNITY)
      target_precompile_headers(muster_${target} PRIVATE ${ARG_PRECOMPILE})
    endif()
  else()
    add_library(muster_${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(muster_${target} ${scope} "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(muster_${target} ${scope} ${ARG_LINKS} Boost::headers)
  foreach(use ${ARG_USES})
    string(REPLACE "/" "_" use "${use}")
    if(TARGET muster_${use})
      target_link_libraries(muster_${target} ${scope} muster_${use})
    endif()
  endforeach()
  if(schemas)
    muster_schemas(muster_${target} ${scope} ${schemas})
  endif()
  if(ARG_PROGRAM)
    add_executable(${ARG_PROGRAM} "${folder}/main.cc")
    target_link_libraries(${ARG_PROGRAM} PRIVATE muster_${target} muster_warnings)
  endif()

  if(MUSTER_TESTS AND tests AND (MUSTER_PURE_TESTS OR NOT ARG_PURE))
    add_executable(${target}_test ${tests})
    target_link_libraries(${target}_test PRIVATE muster_${target} muster_warnings GTest::gmock_main)
    muster_quick_tests(${target}_test)
    gtest_discover_tests(${target}_test TEST_PREFIX "${NAME}/" DISCOVERY_TIMEOUT 30
                         WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" PROPERTIES LABELS unit TIMEOUT 120)
  endif()
  if(MUSTER_FUZZ)
    foreach(fuzzer ${fuzzers})
      get_filename_component(program "${fuzzer}" NAME_WE)
      add_executable(${program} ${fuzzer})
      target_link_libraries(${program} PRIVATE muster_${target} muster_warnings)
      target_link_options(${program} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()

# Tests take the larger half of a build. They are not optimised (what is under test is built as
# ever), are compiled several files at once as the libraries are, and all use the first one's
# precompiled header.
function(muster_quick_tests target)
  target_compile_options(${target} PRIVATE -O0)
  if(MUSTER_SANITIZE MATCHES "address")
    target_compile_options(${target} PRIVATE -g0)
  endif()
  if(MUSTER_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${MUSTER_UNITY_FILES})
    # A name of one file may hide one of another.
    target_compile_options(${target} PRIVATE -Wno-shadow)
  endif()
  if(NOT MUSTER_PRECOMPILE)
    return()
  endif()
  get_property(owner GLOBAL PROPERTY MUSTER_PRECOMPILED_TEST)
  if(owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  else()
    set_property(GLOBAL PROPERTY MUSTER_PRECOMPILED_TEST ${target})
    target_precompile_headers(${target} PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
  endif()
endfunction()

# Compiles a folder's *.proto files into a library of their own, because generated code does not
# pass our warnings, and hands it to `target`.
function(muster_schemas target scope)
  find_package(Protobuf 3.21 REQUIRED)
  set(source "${PROJECT_SOURCE_DIR}/src")
  set(generated "${PROJECT_BINARY_DIR}/generated")
  file(MAKE_DIRECTORY "${generated}")
  set(outputs)
  foreach(schema ${ARGN})
    file(RELATIVE_PATH stem "${source}" "${schema}")
    string(REGEX REPLACE "\\.proto$" "" stem "${stem}")
    set(output "${generated}/${stem}.pb.cc" "${generated}/${stem}.pb.h")
    add_custom_command(
      OUTPUT ${output}
      COMMAND protobuf::protoc "--proto_path=${source}" "--cpp_out=${generated}" "${schema}"
      DEPENDS "${schema}" protobuf::protoc
      COMMENT "compiling ${stem}.proto" VERBATIM)
    list(APPEND outputs ${output})
  endforeach()
  add_library(${target}_schema STATIC ${outputs})
  target_include_directories(${target}_schema SYSTEM PUBLIC "${generated}")
  target_link_libraries(${target}_schema PUBLIC protobuf::libprotobuf)
  if(MUSTER_SANITIZE MATCHES "address")  # It is not our code, and takes longer than all that is in its folder.
    target_compile_options(${target}_schema PRIVATE -O0 -g0 -fno-sanitize=all)
  endif()
  target_link_libraries(${target} ${scope} ${target}_schema)
endfunction()
