# How everything is compiled: one place for the standard, the warnings and the sanitizers.
option(MUSTER_TESTS "build the tests and the simulator" ON)
option(MUSTER_PURE_TESTS "build also the tests of folders without input and output" ON)
option(MUSTER_BENCH "build the benchmarks" OFF)
set(MUSTER_PEERS "" CACHE STRING "makes for which bench/compare gets a driver: muster;etcd;nats;zookeeper")
option(MUSTER_FUZZ "build the fuzz targets (needs clang)" OFF)
option(MUSTER_PURE_ONLY "build only the folders without input and output, and their tests" OFF)
option(MUSTER_PRECOMPILE "precompile heavy foreign headers" ON)
option(MUSTER_UNITY "compile several files of a folder at once: three times as fast, all names of a folder must differ" ON)
set(MUSTER_UNITY_FILES 16 CACHE STRING "how many files of a folder are compiled at once")
set(MUSTER_SANITIZE "" CACHE STRING "sanitizers, as for -fsanitize=")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# -O2: g++ 12 reports false overflows in std::vector at -O3, and nothing here gains from it.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

find_program(MUSTER_MOLD mold)
if(MUSTER_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

if(MUSTER_SANITIZE)
  add_compile_options(-fsanitize=${MUSTER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${MUSTER_SANITIZE})
  if(MUSTER_SANITIZE MATCHES "thread")
    # Asio's fences, which the sanitizer does not see, come on top of locks, which it does.
    add_compile_options(-Wno-tsan)
  endif()
endif()

add_library(muster_warnings INTERFACE)
target_compile_options(muster_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Werror)
if(MUSTER_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Seeing more at once, g++ 12 takes the empty half of a variant for one that is read.
  target_compile_options(muster_warnings INTERFACE -Wno-maybe-uninitialized)
endif()
