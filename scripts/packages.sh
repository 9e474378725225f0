# shellcheck shell=bash
# Installs what the package lists name and the machine lacks.
: "${root:?common.sh sets it}" "${exit_machine_lacks_something:?common.sh sets it}"

package_lists=("$root/scripts/packages.txt")

lists_are_new=false  # of what apt-get can install

# missing_packages LIST...: one name a line.
missing_packages() {
    local wanted installed
    mapfile -t wanted < <(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@" | tr -d ' ')
    # dpkg-query fails when one of the names is unknown to it; what it printed is still right.
    installed=$(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
        sed -n 's/^installed //p' || true)
    comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) <(sort -u <<<"$installed")
}

# The command, as words, that gives root; fails when there is none.
become_root() {
    if [[ $(id -u) == 0 ]]; then
        echo env
    elif [[ -t 0 && -t 2 ]] && command -v sudo >/dev/null; then
        echo sudo  # somebody is there to type a password
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        echo sudo -n
    else
        return 1
    fi
}

# apt_get AS_ROOT... -- ARGUMENTS...: never asks, never removes a package, does not wait for ever.
apt_get() {
    local as_root=()
    while [[ $1 != -- ]]; do
        as_root+=("$1")
        shift
    done
    shift
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes --no-remove --no-install-recommends \
        -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 \
        -o APT::Update::Error-Mode=any "$@" </dev/null >>"$root/build/apt.log" 2>&1
}

# The last error that apt-get reported, on one line.
apt_error() { grep '^E: ' "$root/build/apt.log" | tail -n 1 | cut -c 4-; }

# wish_packages: installs what packages_foreign.txt and packages_tests.txt name, in one call where that works; some tests
# are skipped without. Never fails, and gives up after some minutes.
wish_packages() {
    command -v dpkg-query >/dev/null || return 0
    local missing package as_root end=$((SECONDS + 300))
    mapfile -t missing < <(missing_packages "$root"/scripts/packages_{foreign,tests}.txt)
    [[ ${#missing[@]} != 0 ]] || return 0
    mkdir -p "$root/build"
    if read -r -a as_root < <(become_root); then
        say "installing ${missing[*]}"
        $lists_are_new || apt_get timeout 60 "${as_root[@]}" -- update || true
        if ! apt_get timeout 300 "${as_root[@]}" -- install "${missing[@]}"; then  # one of them may be unknown here
            for package in "${missing[@]}"; do
                ((SECONDS < end)) || break
                apt_get timeout $((end - SECONDS)) "${as_root[@]}" -- install "$package" || true
            done
        fi
    fi
    while read -r package; do
        say "no $package: the tests that need it are skipped"
    done < <(missing_packages "$root"/scripts/packages_{foreign,tests}.txt)
}

install_packages() {
    if ! command -v dpkg-query >/dev/null; then
        return 0  # not Debian: the configuration says what it does not find
    fi
    local missing as_root updated=yes
    mapfile -t missing < <(missing_packages "${package_lists[@]}")
    if [[ ${#missing[@]} == 0 ]]; then
        return 0
    fi
    read -r -a as_root < <(become_root) ||
        die "$exit_machine_lacks_something" "missing packages, and neither root nor sudo without a password to install" \
            "them; as root: apt-get install ${missing[*]}"

    mkdir -p "$root/build"
    : >"$root/build/apt.log"
    say "installing ${missing[*]}"
    apt_get "${as_root[@]}" -- update || updated=no
    lists_are_new=true
    if ! apt_get "${as_root[@]}" -- install "${missing[@]}"; then
        local reason
        reason="apt-get: $(apt_error)"
        if [[ $updated == no ]]; then
            reason="no package lists (no network?): $(grep '^E: ' "$root/build/apt.log" | head -n 1 | cut -c 4-)"
        fi
        die "$exit_machine_lacks_something" "missing packages, and cannot install them: $reason;" \
            "needed: ${missing[*]} (log: $root/build/apt.log)"
    fi
}
