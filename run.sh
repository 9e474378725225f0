#!/usr/bin/env bash
# Installs what is missing, builds, and runs regatta:
#   ./run.sh             the smoke suite on the runtimes in C++: table, results file, figures
#   ./run.sh VERB ...    any verb of the program, for example ./run.sh run 'echo/.*'
#   ./run.sh --all       installs Python's, Go's and node's packages too, and runs the suite models on all runtimes
#   ./run.sh --all VERB ...
# Where other programs take more than a tenth of the CPUs all the time, trials are invalid and the status is 1;
# REGATTA_ALLOW_BUSY_MACHINE=1 keeps them, with a warning.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/scripts/common.sh"

suite=smoke
if [[ ${1:-} == --all ]]; then
    suite=models
    package_lists+=("$root/scripts/packages_foreign.txt")
    shift
fi

install_packages
build release programs

program=$root/build/release/regatta
if [[ $# -gt 0 ]]; then
    exec "$program" "$@"
fi

name=$suite-$(date -u +%Y%m%dT%H%M%SZ)
file=$root/results/raw/$name.jsonl
mkdir -p "$root/results/raw"
status=0
"$program" run "$suite" --out "$file" || status=$?
if [[ -s $file ]]; then
    "$program" report "$file" --out "$root/results/raw/$name" || status=$?
    printf '\nresults: %s\nfigures: %s\n' "$file" "$root/results/raw/$name"
fi
exit "$status"
