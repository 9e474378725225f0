# Fuzzers: libFuzzer's, so clang only (preset `fuzz`). Each target is one file NAME.cpp with its
# seeds in corpus/NAME beside it; CTest runs it under the label `fuzz`, for
# REGATTA_FUZZ_SECONDS of the environment, 10 unless set.
option(REGATTA_FUZZ "Build the fuzzers (clang only), with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
if(NOT REGATTA_FUZZ)
  return()
endif()
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "REGATTA_FUZZ needs clang, and the compiler is ${CMAKE_CXX_COMPILER_ID}: cmake --preset fuzz")
endif()
set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=undefined)
target_compile_options(regatta_flags INTERFACE ${sanitizers} -fsanitize=fuzzer-no-link -fno-omit-frame-pointer)
target_link_options(regatta_flags INTERFACE ${sanitizers})
add_custom_target(fuzzers)

# regatta_add_fuzzer(FILE [SOURCES ...] [LIBRARIES ...])
function(regatta_add_fuzzer file)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  get_filename_component(name ${file} NAME_WE)
  get_filename_component(folder ${file} DIRECTORY)
  add_executable(fuzz_${name} EXCLUDE_FROM_ALL ${file} ${ARG_SOURCES})
  target_link_libraries(fuzz_${name} PRIVATE regatta_flags ${ARG_LIBRARIES})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzzers fuzz_${name})
  # What it finds is kept between runs, in the first folder; a finding is written to the build folder.
  set(found ${CMAKE_CURRENT_BINARY_DIR}/corpus/${name})
  file(MAKE_DIRECTORY ${found})
  add_test(NAME fuzz.${name}
           COMMAND sh -c [[exec "$0" -max_total_time="${REGATTA_FUZZ_SECONDS:-10}" "$@"]] $<TARGET_FILE:fuzz_${name}>
           -max_len=4096 -timeout=30 -rss_limit_mb=2048 -print_final_stats=1
           -artifact_prefix=${CMAKE_CURRENT_BINARY_DIR}/${name}-
           ${found} ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/corpus/${name})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz)
endfunction()
