#!/usr/bin/env bash
# Takes the README's screenshots from the demo, which must run (`make demo`): three pages of what it really did, into Docs/images.
set -euo pipefail
cd "$(dirname "$0")/.."
source Scripts/demo/common.sh

server_pid >/dev/null || { echo "the demo does not run: make demo" >&2; exit 1; }
Scripts/deps.sh test
.build/python/bin/python Scripts/demo/screenshots.py "http://$api" "$secret" Docs/images
sizes=$(stat -c %s Docs/images/*.png | awk '{ sum += $1 } END { print sum }')
echo "$((sizes / 1024)) KiB together"
((sizes <= 300 << 10)) || { echo "more than 300 KiB" >&2; exit 1; }
