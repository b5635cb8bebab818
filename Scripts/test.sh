#!/usr/bin/env bash
# Everything that must hold before a change goes in: layout, unit and integration tests, then the suites that drive a whole Weir.
# `test.sh fast` leaves out all that needs Podman, for a look in between.
set -euo pipefail
cd "$(dirname "$0")/.."

what=${1:-all}
[[ $what == all || $what == fast ]] || { echo "unknown tests \"$what\"; there is only \"fast\"" >&2; exit 2; }
# What runs real containers: targets, and suites of others.
real=(WeirEngineTests WeirSystemTests)
left_out=()
if [[ $what == fast ]]; then left_out=(--skip IdleReclaimTests); fi

step() {
    local name=$1 start=$SECONDS
    shift
    printf '\n== %s\n' "$name"
    "$@" || { printf '== %s: FAILED after %d s\n' "$name" $((SECONDS - start)); exit 1; }
    printf '== %s: passed in %d s\n' "$name" $((SECONDS - start))
}

# The tests of a target run side by side, sixteen at most, the targets one after the other: hundreds of tests at once would share two
# threads, and those that wait for a connection or a real container would run out of their time. What failed is said once more at the
# end of a long log.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=16
log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift_test() {
    swift test --skip-build --disable-xctest --filter "^$1\\." "${left_out[@]}" 2>&1 | tee "$log" && return
    printf '\n== what failed\n'
    grep -A 4 '✘\|error:' "$log" | grep -v '✔' | tail -n 60
    return 1
}

step "dependencies" Scripts/deps.sh test
step "format" swift format lint --strict --parallel --recursive Package.swift Sources Tests
step "build" swift build --build-tests
# A suite is an executable Tests/<Suite>/run; it finds the weir that was just built in $WEIR.
WEIR=$(swift build --show-bin-path)/weir
export WEIR
if [[ $what == all ]]; then
    step "official images" env PYTHONPATH=Scripts/test .build/python/bin/python Scripts/test/official_images.py
fi
for target in Tests/*Tests; do
    target=${target#Tests/}
    if [[ $what == all || " ${real[*]} " != *" $target "* ]]; then step "$target" swift_test "$target"; fi
done
if [[ $what == fast ]]; then exit; fi
for suite in Tests/*/run; do
    if [[ -x $suite ]]; then step "$suite" "$suite"; fi
done
