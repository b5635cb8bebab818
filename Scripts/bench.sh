#!/usr/bin/env bash
# Measures Weir beside its peers. `bench.sh NAME…` runs only those benchmarks of Benchmarks/.
set -euo pipefail
cd "$(dirname "$0")/.."

Scripts/deps.sh test
swift build -c release --product weir
WEIR=$(swift build -c release --show-bin-path)/weir
export WEIR
shopt -s nullglob
for benchmark in Benchmarks/*/run; do
    name=$(basename "$(dirname "$benchmark")")
    if (($# == 0)) || [[ " $* " == *" $name "* ]]; then
        printf '\n== %s\n' "$name"
        "$benchmark"
    fi
done
