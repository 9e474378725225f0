#!/usr/bin/env bash
# Memory per connection with very many of them against one server on this machine, from several generators and source
# addresses; or the limit that forbids it and how to raise it:
#   scripts/many_connections.sh [CONNECTIONS [RUNTIME]]     100000 and uring_multishot unless given
# Further options of `regatta memory` come from REGATTA_MEMORY_OPTIONS.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

connections=${1:-100000}
runtime=${2:-uring_multishot}
[[ $connections =~ ^[1-9][0-9]{0,7}$ ]] || {
    echo "many_connections.sh: '$connections' is no number of connections" >&2
    exit 2
}
regatta=${REGATTA_BUILD:-build/release}/regatta
[[ -x $regatta ]] || {
    echo "many_connections.sh: $regatta is missing: ./run.sh builds it" >&2
    exit 1
}

# As many as this user may, and the hard limit with it, where the system allows; both ends need one for a connection.
ulimit -Hn "$((connections + 1000))" 2>/dev/null || true
ulimit -n "$(ulimit -Hn)"
files=$(ulimit -n)
[[ $files != unlimited ]] || files=$((connections + 1000))
# What a process needs besides (64), and room for an uneven share of connections among workers (a twentieth).
ranks=$(((connections + files - 65) / (files - 64)))
workers=1
[[ $runtime != uring_multishot ]] || workers=$((connections * 21 / 20 / files + 1))

"$regatta" doctor --connections "$connections" --ranks "$ranks" || true
echo
read -r -a more <<<"${REGATTA_MEMORY_OPTIONS:-}"
exec "$regatta" memory "echo/$runtime/size:64" --set "workers=$workers" --rounds 1 --ranks "$ranks" \
    --connections "0,$((connections / 2)),$connections" --source-addresses 127.0.0.0/8 "${more[@]}"
