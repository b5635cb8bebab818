#!/usr/bin/env bash
# Measures Weir beside its peers. `bench.sh NAME…` runs only those: gateway upload jobs lists restart start ledger tick sampling.
set -euo pipefail
cd "$(dirname "$0")/.."

Scripts/deps.sh test
swift build -c release --product weir
swift build -c release --product weir-bench
bin=$(swift build -c release --show-bin-path)

results=$(mktemp)
trap 'rm -f "$results"' EXIT
status=0
(($# > 0)) || set -- gateway upload jobs lists restart start ledger tick sampling
for name in "$@"; do
    printf '\n== %s  (load %s)\n' "$name" "$(cut -d' ' -f1-3 /proc/loadavg)"
    "$bin/weir-bench" "$name" | tee -a "$results" || status=1
done
printf '\n== Goals\n'
grep -E '^  (reached|MISSED ) ' "$results" || true
exit "$status"
