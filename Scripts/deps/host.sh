#!/usr/bin/env bash
# The state that Weir needs a host to be in beyond its packages. This is the one place that says it: `make deps` runs it, and so does
# whatever else installs Weir; it needs nothing of the repository.
#
#   host.sh         brings the host into that state; does nothing, in a few milliseconds, when all is there
#   host.sh undo    takes back what it would have made itself, and nothing else: .ci/run begins with that, so that each run proves it
set -euo pipefail

say() { printf 'deps: %s\n' "$*" >&2; }
give_up() { say "$*"; exit 1; }

as_root=()
need_root() {
    ((EUID == 0)) && return
    command -v sudo >/dev/null || give_up "not root and no sudo; as root run: $(realpath "$0")"
    as_root=(sudo)
}

# Users and groups that Podman gives to containers, each its own (`userns=auto`): without them root in a container is root of the host.
owner=containers
# HOST_ETC names another /etc, of an image that is being made or of a test.
etc=${HOST_ETC:-/etc}
files=("$etc/subuid" "$etc/subgid")
# Podman's own advice is the upper half of all numbers; nobody has the last one.
upper=2147483647
end=4294967295
# Below lie the users of the host itself.
lower=100000
# For one container, and for so many at once: `UserNamespaceObstacle` asks for the same.
each=65536
containers=64
least=$((each * containers))

# The lines of a file that begin with a name and have two numbers behind it, as `NAME START COUNT`.
ranges() {
    local name start count
    [[ -e $1 ]] || return 0
    while IFS=: read -r name start count || [[ -n $name ]]; do
        [[ ! $start =~ ^[0-9]{1,10}$ || ! $count =~ ^[0-9]{1,10}$ ]] || echo "$name $((10#$start)) $((10#$count))"
    done <"$1"
}

# The lines for containers in a file, without the line that is named.
own_lines() {
    local name start count
    while read -r name start count; do
        [[ $name != "$owner" || $name:$start:$count == "${2:-}" ]] || echo "$name:$start:$count"
    done < <(ranges "$1")
}

# Says whether the lines for containers, all together and without the line that is named, are for enough of them.
has_enough() {
    local start count sum=0
    while IFS=: read -r _ start count; do
        ((start == 0)) || sum=$((sum + count / each))
    done < <(own_lines "$1" "${2:-}")
    ((sum >= containers))
}

# Prints `containers:START:COUNT`, the largest range that no other line of either file has a part of; a file that has enough for containers
# may have the same. With a line: as if that were in neither file.
free_line() {
    local file name start count first from best=0 best_first=0 except=${1:-}
    local -a taken=()
    while read -r start count; do taken+=("$start $count"); done < <(
        for file in "${files[@]}"; do
            ranges "$file" | while read -r name start count; do [[ $name == "$owner" ]] || echo "$start $count"; done
            has_enough "$file" "$except" || own_lines "$file" "$except" | while IFS=: read -r _ start count; do echo "$start $count"; done
        done | sort -n
    )
    for first in $upper $lower; do
        from=$first
        for range in "${taken[@]}" "$end 0"; do
            read -r start count <<<"$range"
            if ((start - from > best)); then best=$((start - from)) best_first=$from; fi
            if ((start + count > from)); then from=$((start + count)); fi
        done
        ((best < least)) || break
    done
    ((best >= least)) || give_up "no range of $least numbers is free in ${files[*]}: make room for a line $owner:START:COUNT"
    printf '%s:%d:%d\n' "$owner" "$best_first" "$best"
}

make_ranges() {
    has_enough "${files[0]}" && has_enough "${files[1]}" && return
    local line file
    line=$(free_line)
    [[ -w $etc ]] || need_root
    for file in "${files[@]}"; do
        has_enough "$file" && continue
        say "adding $line to $file"
        # A last line without an end would swallow it.
        if [[ -s $file && -n $(tail -c 1 "$file") ]]; then line=$'\n'$line; fi
        printf '%s\n' "$line" | "${as_root[@]}" tee -a "$file" >/dev/null
        line=${line#$'\n'}
    done
}

# A range that somebody else chose stays.
undo_ranges() {
    local line file
    for line in $(for file in "${files[@]}"; do own_lines "$file"; done | sort -u); do
        [[ $(free_line "$line" 2>/dev/null) == "$line" ]] || continue
        for file in "${files[@]}"; do
            [[ -e $file ]] && grep -qxF "$line" "$file" || continue
            [[ -w $etc ]] || need_root
            say "taking $line from $file"
            "${as_root[@]}" sed -i "/^$line\$/d" "$file"
        done
    done
}

case "${1:-}" in
"") make_ranges ;;
undo) undo_ranges ;;
*) give_up "unknown step \"$1\"; there is only \"undo\"" ;;
esac
