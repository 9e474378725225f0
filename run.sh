#!/usr/bin/env bash
# Installs what is missing, builds, and runs regatta:
#   ./run.sh             the smoke suite on all runtimes: table, results file, figures
#   ./run.sh VERB ...    any verb of the program, for example ./run.sh run 'echo/.*'
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/scripts/common.sh"

install_packages
build release programs

program=$root/build/release/regatta
if [[ $# -gt 0 ]]; then
    exec "$program" "$@"
fi

name=smoke-$(date -u +%Y%m%dT%H%M%SZ)
file=$root/results/raw/$name.jsonl
mkdir -p "$root/results/raw"
status=0
"$program" run smoke --out "$file" || status=$?
if [[ -s $file ]]; then
    "$program" report "$file" --out "$root/results/raw/$name" || status=$?
    printf '\nresults: %s\nfigures: %s\n' "$file" "$root/results/raw/$name"
fi
exit "$status"
