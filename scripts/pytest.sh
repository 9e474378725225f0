#!/usr/bin/env bash
# Runs tests in Python for CTest, on the programs of one build folder: scripts/pytest.sh BUILD FILE...
# Exit status 0 or 1; 3, with the reason, where this machine can run none of them.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

[[ $# -ge 2 && -d $1 ]] || die 2 "scripts/pytest.sh: write scripts/pytest.sh BUILD FILE..., BUILD being a build folder"
python=$(find_python)
build=$(cd -- "$1" && pwd)
shift

status=0
said=$(REGATTA_BUILD=$build PYTHONDONTWRITEBYTECODE=1 "$python" -m pytest --quiet -rs -p no:cacheprovider \
    "$@" </dev/null 2>&1) || status=$?
echo "$said"
[[ $status -eq 0 ]] || exit 1  # pytest has a 3 of its own
# The last line counts the tests by how they ended.
[[ ! ${said##*$'\n'} =~ ^[0-9]+\ skipped\  ]] || exit "$exit_machine_lacks_something"
