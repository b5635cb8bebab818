#!/usr/bin/env bash
# Brings what the host lacks, packages and what else Weir needs of it: `deps.sh` for building, running and the demo, `deps.sh test` for
# the tests and benchmarks too.
# Does nothing, in a few hundredths of a second, when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'deps: %s\n' "$*" >&2; }
give_up() { say "$*"; exit 1; }

sets=(host)
locks=(demo)
case "${1:-}" in
"") ;;
test) sets+=(test) locks=(test) ;;
*) give_up "unknown set \"$1\"; there is only \"test\"" ;;
esac

command -v swift >/dev/null || give_up "swift is not installed: Weir needs Swift 6.2 or later, see https://www.swift.org/install/linux/"

# Debian packages.
declare -A oldest=()
for set in "${sets[@]}"; do
    while read -r package version; do
        [[ -z $package || $package == \#* ]] || oldest[$package]=$version
    done <"Scripts/deps/apt-$set.txt"
done
declare -A present=()
if command -v dpkg-query >/dev/null; then
    while read -r state package version; do
        [[ $state == ii* ]] && present[$package]=$version
    done < <(dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' "${!oldest[@]}" 2>/dev/null || true)
fi
missing=()
for package in "${!oldest[@]}"; do
    [[ -n ${present[$package]:-} ]] || missing+=("$package")
done
if ((${#missing[@]})); then
    command -v apt-get >/dev/null || give_up "this host has no apt-get; install what corresponds to: ${missing[*]}"
    install=(env DEBIAN_FRONTEND=noninteractive apt-get)
    if ((EUID != 0)); then
        command -v sudo >/dev/null || give_up "not root and no sudo; as root run: apt-get install --no-install-recommends ${missing[*]}"
        install=(sudo "${install[@]}")
    fi
    say "installing ${missing[*]}"
    "${install[@]}" update -qq
    "${install[@]}" install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
    for package in "${missing[@]}"; do
        present[$package]=$(dpkg-query -W -f '${Version}' "$package")
    done
fi
# Only what is not in the version's own spelling already needs dpkg to compare.
for package in "${!oldest[@]}"; do
    [[ ${present[$package]} == "${oldest[$package]}"* ]] || dpkg --compare-versions "${present[$package]}" ge "${oldest[$package]}" ||
        give_up "$package ${present[$package]} is too old: Weir needs ${oldest[$package]} or later"
done

Scripts/deps/host.sh

# Python packages, pinned with their hashes, in an environment of the repository's own.
python=.build/python
for lock in "${locks[@]}"; do
    file=Scripts/deps/python-$lock.lock
    stamp=$python/.$lock.lock
    if ! cmp -s "$file" "$stamp"; then
        [[ -x $python/bin/python ]] || /usr/bin/python3 -m venv "$python"
        say "installing the Python packages of $file"
        "$python/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$file"
        cp "$file" "$stamp"
    fi
done

# The console's third-party scripts and styles, from pinned wheels.
if [[ -x Scripts/frontend-assets.sh ]]; then PATH=$PWD/$python/bin:$PATH Scripts/frontend-assets.sh; fi
