#!/bin/sh
# Brings the front-end libraries that Weir serves but does not keep in its repository, into .build/frontend/.
# They come out of a wheel on PyPI whose version and sha256 stand in frontend-assets.lock. Does nothing when all is there.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
lock=$here/frontend-assets.lock
target=${1:-$here/../.build/frontend}
read -r package version sha256 < "$lock"

stamp=$target/.lock
if [ -f "$stamp" ] && cmp -s "$stamp" "$lock" && [ -f "$target/codemirror/index.js" ]; then exit 0; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "fetching $package $version"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" "$package==$version"
wheel=$(echo "$work"/*.whl)
actual=$(sha256sum "$wheel" | cut -d ' ' -f 1)
if [ "$actual" != "$sha256" ]; then
    echo "$package $version has sha256 $actual, but $lock says $sha256" >&2
    exit 1
fi

python3 - "$wheel" "$work/out" <<'EOF'
import pathlib, sys, zipfile
wheel, target = zipfile.ZipFile(sys.argv[1]), pathlib.Path(sys.argv[2])
wanted = {
    "nicegui/elements/xterm/dist/index.js": "xterm/index.js",
    "nicegui/elements/xterm/dist/xterm.css": "xterm/xterm.css",
    "nicegui/elements/xterm/package-lock.json": "xterm/package-lock.json",
    "nicegui/elements/codemirror/package-lock.json": "codemirror/package-lock.json",
}
editor = "nicegui/elements/codemirror/dist/"
for name in wheel.namelist():
    if name.startswith(editor) and name.endswith(".js"):
        wanted[name] = "codemirror/" + name[len(editor):]
    if ".dist-info/licenses/" in name:
        wanted[name] = "licenses/" + name.rsplit("/", 1)[1]
for name, path in wanted.items():
    file = target / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(wheel.read(name))
EOF
mkdir -p "$target"
cp -R "$work/out/." "$target/"
cp "$lock" "$stamp"
