# muster_folder(NAME [USES folder...] [LINKS library...])
#
# One folder of src/ is one static library `muster_NAME` and, when tests are built, one test
# program `NAME_test` made of the *_test.cc files that stand beside the code. `/` in a folder's
# name becomes `_`. Files named *_fuzz.cc are fuzz targets, one program each.
function(muster_folder NAME)
  cmake_parse_arguments(ARG "" "" "USES;LINKS" ${ARGN})
  string(REPLACE "/" "_" target "${NAME}")
  set(folder "${PROJECT_SOURCE_DIR}/src/${NAME}")

  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.cc")
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")

  set(uses ${ARG_USES})
  list(TRANSFORM uses REPLACE "/" "_")
  list(TRANSFORM uses PREPEND "muster_")

  if(sources)
    add_library(muster_${target} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(muster_${target} PRIVATE muster_warnings)
  else()
    add_library(muster_${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(muster_${target} ${scope} "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(muster_${target} ${scope} ${uses} ${ARG_LINKS} Boost::headers)

  if(MUSTER_TESTS AND tests)
    add_executable(${target}_test ${tests})
    target_link_libraries(${target}_test PRIVATE muster_${target} muster_warnings GTest::gtest_main)
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
