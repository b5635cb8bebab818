#!/usr/bin/env bash
# Measures Weir beside its peers. `bench.sh NAME…` runs only those: gateway upload jobs lists restart start ledger tick sampling console browser ssh;
# and placement, which needs the openb trace: TRACE=DIR bench.sh placement.
set -euo pipefail
cd "$(dirname "$0")/.."

Scripts/deps.sh test
swift build -c release --product weir
swift build -c release --product weir-bench
bin=$(swift build -c release --show-bin-path)

results=$(mktemp)
trap 'rm -f "$results"' EXIT
status=0
(($# > 0)) || set -- gateway upload jobs lists restart start ledger tick sampling console browser ssh
for name in "$@"; do
    printf '\n== %s  (load %s)\n' "$name" "$(cut -d' ' -f1-3 /proc/loadavg)"
    if [[ $name == ssh ]]; then
        WEIR=$bin/weir PYTHONPATH=Scripts/test .build/python/bin/python Benchmarks/SSH/ssh_bench.py --idle | tee -a "$results" || status=1
        continue
    fi
    if [[ $name == browser ]]; then
        WEIR=$bin/weir PYTHONPATH=Scripts/test:Tests/Browser .build/python/bin/python Benchmarks/Console/console_bench.py | tee -a "$results" || status=1
        continue
    fi
    arguments=()
    [[ $name != placement ]] || arguments=(--trace "${TRACE:?the folder with the lists of the openb trace}")
    "$bin/weir-bench" "$name" "${arguments[@]}" | tee -a "$results" || status=1
done
printf '\n== Goals\n'
grep -E '^  (reached|MISSED ) ' "$results" || true
exit "$status"
