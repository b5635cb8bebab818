"""A host on which root in a container would be root of the host: what brings it out of that, and that Weir runs no tenant on it unasked.
/etc/subuid and /etc/subgid are empty in a mount namespace of the suite's own; the host's stay as they are."""

import json
import os
import pathlib
import subprocess
import tempfile
import urllib.request

from running_weir import Weir
from ssh_common import check

ROOT = pathlib.Path(__file__).parents[2]
WEIR = os.environ.get("WEIR") or str(ROOT / ".build/debug/weir")
LINE = "containers:2147483647:2147483648\n"


def preparation(home):
    """`Scripts/deps/host.sh` against an /etc of its own."""
    etc = home / "etc"
    etc.mkdir()
    files = (etc / "subuid", etc / "subgid")

    def run(*arguments):
        return subprocess.run(
            [ROOT / "Scripts/deps/host.sh", *arguments], env=os.environ | {"HOST_ETC": str(etc)}, capture_output=True, text=True, check=False
        )

    def held():
        return tuple(file.read_text() if file.exists() else None for file in files)

    def prepared(*texts):
        for file, text in zip(files, texts, strict=True):
            file.unlink(missing_ok=True)
            if text is not None:
                file.write_text(text)
        first, after = run(), held()
        again = run()
        check("the second time nothing is done", (again.returncode, held()) == (first.returncode, after) and not (
            first.returncode == 0 and again.stderr), again)
        return first, after

    people, high = "alice:100000:65536\n", "bob:2147483647:1000000000\n"
    check("users are set aside where there are no files", prepared(None, None)[1] == (LINE, LINE), held())
    check("undone, and nothing else", run("undo").returncode == 0 and held() == ("", ""), held())
    check("the ranges of others stay", prepared(people, "")[1] == (people + LINE, LINE), held())
    check("also when it is undone", run("undo").returncode == 0 and held() == (people, ""), held())
    check("a line without an end swallows nothing", prepared(people.strip(), "")[1][0] == people + LINE, held())
    other = "containers:3147483647:1147483648\n"
    check("no number is given twice", prepared(people + high, "")[1] == (people + high + other, other), held())
    own = "containers:200000:65536000\n"
    check("a range that somebody chose stays", prepared(own, own)[1] == (own, own), held())
    check("and is not undone", run("undo").returncode == 0 and held() == (own, own), held())
    small = "containers:100000:65536\n"
    check("a range for fewer containers than Weir asks for gets another beside it (review 1)",
          prepared(small, small)[1] == (small + LINE, small + LINE), held())
    check("which alone is undone (review 1)", run("undo").returncode == 0 and held() == (small, small), held())
    begun, rest = "containers:2147483647:65536\n", "containers:2147549183:2147418112\n"
    check("and has no number of the first (review 1)", prepared(begun, own)[1] == (begun + rest, own), held())
    check("which is undone too (review 1)", run("undo").returncode == 0 and held() == (begun, own), held())
    many = "".join(f"containers:{200000 + 65536 * number}:65536\n" for number in range(64))
    check("many small ranges are enough together (review 1)", prepared(many, many)[1] == (many, many), held())
    padded = "alice:0000100000:0000065536\n"
    check("numbers with zeros before them are decimal (review 1)", prepared(padded, "")[1] == (padded + LINE, LINE), held())
    full, _ = prepared("alice:100000:4294867295\n", "")
    check("a host without room is told so, and nothing is written",
          full.returncode != 0 and "no range" in full.stderr and held() == ("alice:100000:4294867295\n", ""), full)


def bare(home):
    """A program that begins with empty files, then is the weir that is tested."""
    empty = home / "empty"
    empty.touch()
    wrapper = home / "weir"
    mounts = " && ".join(f"mount --bind {empty} /etc/{name}" for name in ("subuid", "subgid"))
    wrapper.write_text(f"#!/bin/sh\nexec unshare -m sh -c '{mounts} && exec \"$0\" \"$@\"' {WEIR} \"$@\"\n")
    wrapper.chmod(0o755)
    return str(wrapper)


def refusal(program, home):
    data = home / "data"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")} | {"LANG": "C.UTF-8"}
    for arguments in ([], ["--set", "engine.socket=/run/weir/podman.sock"]):
        refused = subprocess.run(
            [program, "serve", "--data", data, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        said = refused.stderr
        check("weir serve refuses", refused.returncode == 1 and "user_namespaces_missing" in said, refused)
        check("and says both ways out", f"echo {LINE.strip()} | tee -a /etc/subuid /etc/subgid" in said
              and "engine.user_namespaces: optional" in said, said)
        check("and has made nothing", not data.exists(), list(home.iterdir()))
    for choice, status in (("required", "failed"), ("optional", "warning")):
        found = subprocess.run(
            [program, "doctor", "--json", "--set", f"engine.user_namespaces={choice}"],
            env=environment, capture_output=True, text=True, check=False, timeout=60,
        )
        one = next(item for item in json.loads(found.stdout)["items"] if item["subject"] == "user_namespaces")
        check(f"weir doctor says so where they are {choice}", one["status"] == status and one["remedy"], one)


def permission(program):
    def allow(folder):
        file = folder / "weir.yaml"
        file.write_text(file.read_text().replace("engine: {", "engine: { user_namespaces: optional,"))

    os.environ["WEIR"] = program
    with Weir(before=allow) as weir:
        with urllib.request.urlopen(weir.url + "/readyz", timeout=10) as answer:
            ready = json.load(answer)
        check("where the configuration allows it Weir starts, and /readyz says it",
              ready["ready"] and ready["degraded"] and {"code": "user_namespaces_missing", "count": 1} in ready["warnings"], ready)
        check("and so does the log", "allowed_by=engine.user_namespaces=optional" in (weir.folder / "serve.log").read_text(), weir.log())
        checks = weir.operator().call("GET", "/api/v1/operator/checks")
        check("and the operator's checks", any("Root in a container is root of this host" in warning for warning in checks["warnings"])
              and any(item["subject"] == "user_namespaces" and item["status"] == "warning" for item in checks["items"]), checks)


def main():
    with tempfile.TemporaryDirectory(prefix="weir-bare-") as folder:
        home = pathlib.Path(folder)
        preparation(home)
        program = bare(home)
        refusal(program, home)
        permission(program)


if __name__ == "__main__":
    main()
