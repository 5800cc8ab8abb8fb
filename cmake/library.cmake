# libmuster: one library made of all folders, for programs outside, and what is installed.
#
# Static, unless BUILD_SHARED_LIBS is on. Programs see include/muster/ only; what the folders need
# themselves (OpenSSL, Protocol Buffers, spdlog, ISA-L, pugixml) is linked and not included.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(objects)
get_property(folders GLOBAL PROPERTY MUSTER_FOLDERS)
list(FILTER folders EXCLUDE REGEX "^cli$|/(simulated|testing)$")
foreach(folder ${folders})
  string(REPLACE "/" "_" folder "muster_${folder}")
  foreach(target ${folder} ${folder}_schema)
    if(TARGET ${target})
      get_target_property(kind ${target} TYPE)
      if(kind STREQUAL STATIC_LIBRARY)
        list(APPEND objects "$<FILTER:$<TARGET_OBJECTS:${target}>,EXCLUDE,cmake_pch>")
      endif()
    endif()
  endforeach()
endforeach()

add_library(libmuster ${objects})
add_library(muster::muster ALIAS libmuster)
set_target_properties(libmuster PROPERTIES OUTPUT_NAME muster EXPORT_NAME muster LINKER_LANGUAGE CXX
                      VERSION "${PROJECT_VERSION}" SOVERSION "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
target_compile_features(libmuster INTERFACE cxx_std_20)
target_include_directories(libmuster INTERFACE "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
                           "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
target_link_libraries(libmuster PUBLIC Boost::headers Threads::Threads
                      PRIVATE OpenSSL::Crypto protobuf::libprotobuf spdlog::spdlog PkgConfig::ISAL pugixml::pugixml)

# A static library leaves it to the program to link what it needs.
get_target_property(kind libmuster TYPE)
if(kind STREQUAL STATIC_LIBRARY)
  set(MUSTER_STATIC ON)
  set(MUSTER_PKG_CONFIG_REQUIRES "libcrypto >= 3, protobuf >= 3.21, spdlog >= 1.10, libisal, pugixml >= 1.13")
else()
  set(MUSTER_STATIC OFF)
  set(MUSTER_PKG_CONFIG_REQUIRES "")
endif()
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/muster")
configure_file(cmake/muster.pc.in muster.pc @ONLY)
configure_package_config_file(cmake/muster-config.cmake.in muster-config.cmake
                              INSTALL_DESTINATION "${package}")
write_basic_package_version_file(muster-config-version.cmake COMPATIBILITY SameMinorVersion)

install(TARGETS muster)
install(TARGETS libmuster EXPORT muster-targets)
install(DIRECTORY include/muster TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
install(EXPORT muster-targets NAMESPACE muster:: DESTINATION "${package}")
install(FILES "${PROJECT_BINARY_DIR}/muster-config.cmake"
              "${PROJECT_BINARY_DIR}/muster-config-version.cmake" DESTINATION "${package}")
install(FILES "${PROJECT_BINARY_DIR}/muster.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(FILES LICENSE README.md CHANGELOG.md docs/library.md TYPE DOC)
