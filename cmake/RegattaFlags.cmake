# Flags that every target of the project shares.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(regatta_flags INTERFACE)
target_include_directories(regatta_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_options(regatta_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 warns about null checks of its own coroutine frames.
  target_compile_options(regatta_flags INTERFACE -Wno-maybe-uninitialized)
endif()
if(REGATTA_WARNINGS_AS_ERRORS)
  target_compile_options(regatta_flags INTERFACE -Werror)
endif()
if(REGATTA_SANITIZE)
  # UndefinedBehaviorSanitizer else only prints what it finds, and the test passes.
  target_compile_options(regatta_flags INTERFACE -fsanitize=${REGATTA_SANITIZE} -fno-sanitize-recover=all
                                                 -fno-omit-frame-pointer)
  target_link_options(regatta_flags INTERFACE -fsanitize=${REGATTA_SANITIZE})
endif()

# g++ 12 turns symmetric transfer into a tail call only from -O2 on; without it a loop of
# coroutines grows the stack until it overflows. So Debug builds are optimised as well.
set(CMAKE_CXX_FLAGS_DEBUG "-O2 -g" CACHE STRING "" FORCE)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG" CACHE STRING "" FORCE)
