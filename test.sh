#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test:
#   ./test.sh                CTest and pytest on the release build (where CI=true: warnings are errors,
#                            and what only tests need is installed too: packages_foreign.txt, packages_tests.txt)
#   ./test.sh asan|tsan|dev  CTest under that preset; also as --preset NAME
#   ./test.sh fuzz           each fuzzer for REGATTA_FUZZ_SECONDS (10), with clang; where CI=true and clang is there also after
#                            the tests, for 60
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/scripts/common.sh"

usage() { die 2 "test.sh: unknown argument '$1'; write ./test.sh [release|ci|dev|asan|tsan|fuzz]"; }

preset=release
[[ ${CI:-} != true ]] || preset=ci
[[ ${1:-} != --preset ]] || shift
case ${1:-} in
    "") ;;
    release | ci | dev | asan | tsan | fuzz) preset=$1 && shift ;;
    *) usage "$1" ;;
esac
[[ $# -eq 0 ]] || usage "$1"

# Whether clang++ is there with libFuzzer, which some distributions package apart.
can_fuzz() {
    clang++ -x c++ -fsanitize=fuzzer,address -o /dev/null - 2>/dev/null \
        <<<'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }'
}

fuzz() {
    build fuzz fuzzers
    ctest --test-dir "$root/build/fuzz" -L fuzz --output-on-failure --no-tests=error -j "$(nproc)" </dev/null
}

install_packages
if [[ $preset == fuzz ]]; then
    can_fuzz || die "$exit_machine_lacks_something" "no clang++ with libFuzzer; as root: apt-get install clang"
    fuzz
    exit
fi
python=$(find_python)
[[ $preset != ci ]] || wish_packages
build "$preset"

status=0
ctest --test-dir "$root/build/$preset" --output-on-failure --no-tests=error -j "$(nproc)" </dev/null || status=1

# The tests in Python draw figures, and drive the programs as a user does; sanitized ones would add nothing but time.
case $preset in
    release | ci | dev)
        cd "$root"
        # Runtimes in other languages are built when they are first looked at: not in the middle of a test.
        "$root/build/$preset/regatta" list >/dev/null 2>&1 || true
        # Nor are fonts first looked for in one, which takes so long that matplotlib says so.
        "$python" -c 'import matplotlib.font_manager' >/dev/null 2>&1 || true
        at_once=()
        if "$python" -c 'import xdist' 2>/dev/null; then  # most of the tests wait most of the time
            at_once=(-n "$(nproc)" --dist loadfile)
        fi
        if "$python" -c 'import pytest_timeout' 2>/dev/null; then  # a test that hangs fails, and the others go on
            at_once+=(--timeout 900)
        fi
        REGATTA_BUILD=$root/build/$preset PYTHONDONTWRITEBYTECODE=1 "$python" -m pytest --quiet --durations=15 \
            -p no:cacheprovider "${at_once[@]}" --ignore-glob='*/test_distributed_*' harness/tests plots/tests \
            </dev/null || status=1  # CTest has run those that are left out
        ;;
esac
if [[ $preset == ci ]]; then
    if can_fuzz; then
        REGATTA_FUZZ_SECONDS=${REGATTA_FUZZ_SECONDS:-60} fuzz || status=1
    else
        say "no fuzzing: clang++ with libFuzzer is not there"
    fi
fi
exit "$status"
