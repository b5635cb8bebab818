"""Hostile 6: tenants who write as fast as they can reach neither the end of the disk nor the database, on a disk of 2 GiB; and a disk
that others have filled to the last byte lets people log in, read and delete, and tells them."""

import json
import os
import subprocess
import time
import urllib.request

from hostile_common import IMAGE, Refused, check, outcome, tenants, until
from running_weir import PASSWORD, disk_of_its_own

DISK = 2 << 30
RESERVE = DISK // 4
# What file systems write for themselves, and what was under way between two looks.
EXCESS = 150 << 20

FILL = """
import os, sys, time
end = time.time() + {seconds}
refused = 0
name = {folder!r} + '/fill'
# On a busy machine the disk may not be full by then.
while time.time() < end or not refused and time.time() < end + 60:
    try:
        with open(name, 'ab') as file:
            file.write(b'x' * (1 << 20))
    except OSError as error:
        refused += error.errno == 28
        time.sleep(0.02)
os.remove(name)
for _ in range({again}):
    try:
        with open(name, 'wb') as file:
            file.write(b'y' * (4 << 20))
        # What is said lies behind the same wall: it is kept when there is room again.
        time.sleep(2)
        print('refused', refused, 'goes on', flush=True)
        break
    except OSError:
        time.sleep(0.2)
"""


def small_disk(folder):
    disk_of_its_own(folder, DISK)


def free(weir):
    figures = os.statvfs(weir.folder / "data")
    return figures.f_bavail * figures.f_frsize


def readiness(weir):
    with urllib.request.urlopen(weir.url + "/readyz", timeout=10) as answer:
        return answer.status, json.loads(answer.read())


def greedy_tenants(scene):
    """Two workspaces fill everything that they can write at once."""
    weir = scene.weir
    projects = [(scene.alice, scene.project(scene.alice, scene.a)), (scene.bob, scene.project(scene.bob, scene.b))]
    jobs = []
    for person, project in projects:
        for number, folder in enumerate(("/gemini/output", "/root", "/scratch")):
            source = FILL.format(seconds=12, folder=folder, again=100)
            body = {
                "name": f"fill-{number}", "image": IMAGE, "flavor": "small",
                "command": f"(while :; do echo a line that is said again and again; done) & python3 - <<'END'\n{source}\nEND\nkill $!",
            }
            jobs.append((person, folder, person.call("POST", f"/api/v1/projects/{project}/jobs", body)["id"]))
    for person, _, job in jobs:
        person.wait(job, "running", "completed", seconds=60)
    least, degraded, failures = free(weir), False, []
    deadline = time.monotonic() + 14
    while time.monotonic() < deadline:
        least = min(least, free(weir))
        status, said = readiness(weir)
        login = outcome(scene.alice, "POST", "/api/v1/sessions", {"login": "alice", "password": PASSWORD})
        if status != 200 or not said["ready"] or login[0] != 200:
            failures.append((said, login))
        degraded = degraded or bool(said["degraded"])
        time.sleep(0.1)
    check("people log in and readyz says ready while tenants write", not failures, failures[:3])
    check("the reserve is left", least > RESERVE - EXCESS, f"{least >> 20} MiB of {RESERVE >> 20}")
    print(f"  least free {least >> 20} MiB, reserve {RESERVE >> 20} MiB; readyz said degraded: {degraded}")
    for person, folder, job in jobs:
        person.wait(job, "completed", "failed", "stopped", seconds=120)
        log = scene.log(person, job)
        tail = log[-300:]
        check(f"{folder} is refused at the end", "refused" in log and "refused 0" not in log, tail)
        check(f"{folder} goes on when there is space", "goes on" in log, tail)


def empty_files(scene):
    """Inodes end before the disk does, and those of one workspace are no other's."""
    project = scene.project(scene.bob, scene.b, "inodes")
    source = """
import os
made = 0
try:
    for made in range(400000):
        os.close(os.open(f'/gemini/output/{made}', os.O_CREAT | os.O_WRONLY))
except OSError as error:
    print('ended', error.errno, made)
"""
    seen, log = scene.python(scene.bob, project, source, name="inodes", seconds=120)
    check("empty files end", "ended 28" in log, log[-300:])


def filled_by_others(scene):
    """A program beside Weir fills the disk to the last byte."""
    weir, alice, operator = scene.weir, scene.alice, scene.operator
    project = scene.project(alice, scene.a, "before")
    filler = weir.folder / "data/filler"
    subprocess.run(["sh", "-c", f"cat /dev/zero > {filler} 2>/dev/null; true"], check=True)
    check("the disk is full", free(weir) < 1 << 20, free(weir))
    check("readyz says so and stays ready", until(lambda: readiness(weir)[1]["degraded"]) and readiness(weir)[1]["ready"])
    logins = [outcome(alice, "POST", "/api/v1/sessions", {"login": "alice", "password": PASSWORD})[0] for _ in range(30)]
    check("people log in on a full disk", set(logins) == {200}, logins)
    check("people read on a full disk", len(alice.call("GET", "/api/v1/workspaces")["items"]) > 0)
    made = outcome(alice, "POST", f"/api/v1/workspaces/{scene.a}/projects", {"name": "on-a-full-disk"})
    check("a change is made or told as storage_full", made[0] == 200 or made[1] == "storage_full", made)
    try:
        begun = alice.call("POST", f"/api/v1/projects/{project}/environments", {"name": "no-room", "image": IMAGE, "flavor": "small"})["id"]
        seen = alice.wait(begun, "failed", seconds=60)
        told = (seen["failure"]["code"], seen["failure"]["remedy"])
    except Refused as refused:
        error = json.loads(refused.body)["error"]
        told = (error["code"], error["remedy"])
    check("an environment that has no room says so, with what to do, and does not hang", told[0] == "storage_full" and told[1], told)
    said = readiness(weir)[1]["warnings"]
    check("readyz tells everybody codes, and neither paths nor whose it is",
          {"code": "disk_full", "count": 1} in said and all(set(one) == {"code", "count"} for one in said), said)
    checks = operator.call("GET", "/api/v1/operator/checks")
    check("no volume is called damaged for want of room", not any("e2fsck" in warning for warning in checks["warnings"]), checks)
    check("the operator's page tells of it", checks["ready"] and checks["warnings"], checks)
    filler.unlink()
    check("space is set aside again", until(lambda: not readiness(weir)[1]["degraded"], seconds=40))
    project = scene.project(alice, scene.a, "afterwards")
    # The volumes have their shares again at one of the next looks at the disk.
    path = f"/api/v1/projects/{project}/code/file?path=file"
    check("files are taken again", until(lambda: outcome(alice, "PUT", path, raw=b"x") == (200, None), seconds=20))
    seen, log = scene.job(alice, project, "echo kept > /gemini/output/file && cat /gemini/output/file", name="afterwards")
    check("jobs write again", seen["state"] == "completed" and "kept" in log, (seen, log[-300:]))


def main():
    with tenants(small_disk) as scene:
        greedy_tenants(scene)
        empty_files(scene)
        filled_by_others(scene)


if __name__ == "__main__":
    main()
