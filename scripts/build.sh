# shellcheck shell=bash
# Configures and builds one preset of CMakePresets.json into build/PRESET.
: "${root:?common.sh sets it}" "${exit_machine_lacks_something:?common.sh sets it}"

# build PRESET [TARGET]: quick and silent when there is nothing to do; one build of a folder at a time.
build() {
    local preset=$1 target=${2:-all}
    local directory=$root/build/$preset
    mkdir -p "$directory"
    # Ninja configures again by itself when a CMake file changes; presets are the exception.
    if [[ ! -e $directory/build.ninja || $root/CMakePresets.json -nt $directory/build.ninja ]]; then
        say "configuring build/$preset"
        in_folder_lock "$directory" cmake -S "$root" --preset "$preset" >"$directory/configure.log" 2>&1 || {
            cat "$directory/configure.log" >&2
            die 1 "configuring build/$preset failed: see above"
        }
        # Runtimes that cannot be built here are told with the reason.
        sed -n 's/^-- runtime /regatta: runtime /p' "$directory/configure.log" >&2
        touch "$directory/build.ninja"
        say "building build/$preset (the first build takes some minutes)"
    fi
    local ninja=(ninja -C "$directory" -j "$(nproc)")
    [[ -t 2 ]] || ninja+=(--quiet)
    in_folder_lock "$directory" "${ninja[@]}" "$target" >&2 || die 1 "building build/$preset failed: see above"
}

# Paths in the compiler's cache are relative to the tree, so that every clone of it profits.
in_folder_lock() {
    local directory=$1
    shift
    (cd "$root" && CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=true flock --close "$directory/.lock" "$@")
}

# The first Python 3 that draws the figures and runs the tests; often not the first on PATH.
find_python() {
    local candidate
    for candidate in "${REGATTA_PYTHON:-}" /usr/bin/python3 python3; do
        if [[ -n $candidate ]] && "$candidate" -c 'import matplotlib, numpy, pytest, jsonschema' 2>/dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    die "$exit_machine_lacks_something" "no Python 3 that imports matplotlib, numpy, pytest and jsonschema;" \
        "set REGATTA_PYTHON to one"
}
