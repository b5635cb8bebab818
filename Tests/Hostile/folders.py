"""Findings 1 and 5: folders deeper than a program can name, and files that somebody else has, too."""

import os
import signal
import subprocess
import time

from hostile_common import check, outcome, sftp, tenants, until

# What ended the server was between 6,000 and 8,000; the unit tests go through 100,000.
LEVELS = 20_000


def make_deep(folder, levels=LEVELS):
    """As a program in an environment does it."""
    current = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=current)
        inner = os.open("d", os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = inner
    os.close(current)


def graves(weir):
    return [path for volume in ("workspaces", "accounts") for path in (weir.folder / "data/files" / volume).glob("*/graves/*")]


def deep(t):
    alice, weir = t.alice, t.weir
    project = t.project(alice, t.a, "deep")
    alice.call("POST", f"/api/v1/projects/{project}/code/folder", {"path": "a/b"})
    code = weir.kept("projects", project) / "code"
    make_deep(code / "a")
    check("a deep folder is listed (hostile 1)", outcome(alice, "GET", f"/api/v1/projects/{project}/code?path=a")[0] == 200)
    archive = alice.call("GET", f"/api/v1/projects/{project}/code/archive?path=a")
    check("a deep folder is packed as far as paths go, and what is left out is named", b"LEFT-OUT.txt" in archive, len(archive))
    answer = outcome(alice, "POST", f"/api/v1/projects/{project}/code/rename", {"from": "a", "to": "b/a"})
    check("nothing is put deeper than Weir lets in", answer == (400, "path_too_deep"), answer)
    answer = outcome(alice, "DELETE", f"/api/v1/projects/{project}/code/file?path=a")
    check("a deep folder is deleted, and the server lives", answer[0] == 200 and weir.process.poll() is None, answer)
    check("its space is free", until(lambda: not graves(weir), 30))

    user = t.code_user(alice, project)
    with sftp(t.client(alice), user) as files:
        # Chains below each other, as no path could be given at once.
        for number in range(4):
            path = f"/upload/c{number}"
            files.mkdir(path)
            for _ in range(300):
                path += "/d"
                files.mkdir(path)
        for number in range(3, 0, -1):
            files.rename(f"/upload/c{number}", f"/upload/c{number - 1}" + "/d" * 300 + "/e")
    answer = outcome(alice, "DELETE", f"/api/v1/projects/{project}/code/file?path=c0")
    check("chains that SFTP put below each other are deleted", answer[0] == 200 and weir.process.poll() is None, answer)


def starts(t):
    alice, weir = t.alice, t.weir
    project = t.project(alice, t.a, "starts")
    alice.call("POST", f"/api/v1/projects/{project}/code/folder", {"path": "a"})
    make_deep(weir.kept("projects", project) / "code/a")
    staging = weir.folder / "data/files/workspaces" / t.a / "staging/unpack-1"
    staging.mkdir()
    make_deep(staging)
    weir.process.send_signal(signal.SIGKILL)
    weir.process.wait()
    begun = time.monotonic()
    weir.start()
    check("a start goes by what a kill left in staging (hostile 1)", time.monotonic() - begun < 30)
    check("a project with a deep folder is deleted", outcome(alice, "DELETE", f"/api/v1/projects/{project}")[0] == 200)
    check("both are gone soon", until(lambda: not graves(weir) and not list(staging.parent.iterdir()), 30))
    check("nothing was put aside", not list((weir.folder / "data/files").glob("workspaces/*/lost/*")))
    checks = [item["subject"] for item in t.operator.call("GET", "/api/v1/operator/checks")["items"]]
    check("the operator is told of nothing", "files" not in checks, checks)


def strangers(t):
    """What hostile 5 did: three guesses, one of which another workspace has."""
    theirs, mine = t.project(t.bob, t.b, "grades"), t.project(t.alice, t.a, "guesses")
    secret = b"grade of student 4711: 2.3\n"
    t.bob.call("PUT", f"/api/v1/projects/{theirs}/code/file?path=grade", raw=secret)
    t.job(t.bob, theirs, "true")
    for number, guess in enumerate([b"grade of student 4711: 1.0\n", secret, b"grade of student 4711: 5.0\n"]):
        t.alice.call("PUT", f"/api/v1/projects/{mine}/code/file?path=guess{number}", raw=guess)
    _, said = t.job(t.alice, mine, "stat -c '%n %h' guess* && stat -c '%n %Y %Z' guess*")
    lines = [line.split() for line in said.split("\n") if line.startswith("guess")]
    links = {words[1] for words in lines if len(words) == 2}
    check("a file that a stranger has, too, has as many names as any other (hostile 5)", len(links) == 1, said)
    times = [int(words[1]) for words in lines if len(words) == 3]
    check("and the time at which it was put there", max(times) - min(times) < 60 and abs(times[0] - time.time()) < 120, said)


with tenants() as all_of_them:
    for part in (deep, starts, strangers):
        part(all_of_them)
