#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test:
#   ./test.sh                CTest and pytest on the release build (where CI=true: warnings are errors)
#   ./test.sh asan|tsan|dev  CTest under that preset; also as --preset NAME
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/scripts/common.sh"

usage() { die 2 "test.sh: unknown argument '$1'; write ./test.sh [release|ci|dev|asan|tsan]"; }

preset=release
[[ ${CI:-} != true ]] || preset=ci
[[ ${1:-} != --preset ]] || shift
case ${1:-} in
    "") ;;
    release | ci | dev | asan | tsan) preset=$1 && shift ;;
    *) usage "$1" ;;
esac
[[ $# -eq 0 ]] || usage "$1"

install_packages
python=$(find_python)
build "$preset"

status=0
ctest --test-dir "$root/build/$preset" --output-on-failure --no-tests=error -j "$(nproc)" </dev/null || status=1

# The tests in Python draw figures, and drive the programs as a user does; sanitized ones would add nothing but time.
case $preset in
    release | ci | dev)
        cd "$root"
        REGATTA_BUILD=$root/build/$preset PYTHONDONTWRITEBYTECODE=1 \
            "$python" -m pytest --quiet -p no:cacheprovider harness/tests plots/tests </dev/null || status=1
        ;;
esac
exit "$status"
