#!/usr/bin/env bash
# Ends what `make demo` left running: its workloads, its server, and whatever containers and networks of it are left over.
# The data stays in .local/demo; `make clean` removes it.
set -euo pipefail
cd "$(dirname "$0")/.."
source Scripts/demo/common.sh

if pid=$(server_pid); then
    weir=/proc/$pid/exe
    for state in queued deploying running; do
        "$weir" list --state "$state" --quiet 2>/dev/null | while read -r workload; do
            "$weir" env stop "$workload" --yes --wait --quiet >/dev/null 2>&1 || true
        done
    done
    kill -TERM "$pid"
    for ((tries = 0; tries < 300; tries++)); do
        server_pid >/dev/null || break
        sleep 0.1
    done
    if server_pid >/dev/null; then kill -KILL "$pid"; fi
    echo "Weir has ended."
else
    echo "Weir does not run."
fi
rm -f "$pid_file"

# What a crash may have left over: everything that carries this installation's label.
socket=/run/weir/podman.sock
if [[ -S $socket && -d $data ]]; then
    /usr/bin/python3 Scripts/demo/sweep.py "$socket" "$data" || true
fi

# Volumes stay mounted at Weir's end: workloads would go on. In Podman's mount namespace first, where it is another.
holder=$(cat /run/weir/holder.pid 2>/dev/null || true)
for process in $holder self; do
    enter=()
    if [[ $process != self ]]; then enter=(nsenter -m -t "$process"); fi
    awk -v below="$data/" 'index($2, below) == 1 { print $2 }' "/proc/$process/mounts" 2>/dev/null | tac | while read -r path; do
        "${enter[@]}" umount -l "$path" || true
    done
done
