# shellcheck shell=bash
# What run.sh and test.sh share. Sourced; says what it does on standard error only.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)

readonly exit_machine_lacks_something=3

say() { printf 'regatta: %s\n' "$*" >&2; }

die() {
    local status=$1
    shift
    say "$@"
    exit "$status"
}

# shellcheck source=scripts/packages.sh
source "$root/scripts/packages.sh"
# shellcheck source=scripts/build.sh
source "$root/scripts/build.sh"
