"""A folder and a link that change places without pause while Weir reads, writes and freezes (hostile A4), and what else is no plain file."""

import concurrent.futures
import contextlib

from hostile_common import IMAGE, Refused, check, outcome, tenants

# `trap` is by turns a folder with a file `passwd` and a link to /etc; `file` a file and a link to /etc/shadow; one device, fifo, socket each.
SWAP = """
import os, socket, stat, threading
os.chdir("/gemini/code")
os.makedirs("folder/deep", exist_ok=True)
for name in ("folder/passwd", "folder/deep/x", "plain"):
    open(name, "w").write("mine\\n")
os.makedirs("special", exist_ok=True)
for name, deed in (("fifo", lambda p: os.mkfifo(p)), ("device", lambda p: os.mknod(p, stat.S_IFCHR | 0o666, os.makedev(1, 5))),
                   ("socket", lambda p: socket.socket(socket.AF_UNIX).bind(p)), ("link", lambda p: os.symlink("/etc/shadow", p))):
    try:
        deed("special/" + name)
    except OSError:
        pass
os.symlink("/etc", "outside")
os.symlink("../../../../../../../../etc", "above")
def swap(place, real, false):
    os.symlink(false, "false-" + place)
    os.rename(real, place)
    while True:
        os.rename(place, "kept-" + place)
        os.rename("false-" + place, place)
        os.rename(place, "false-" + place)
        os.rename("kept-" + place, place)
threading.Thread(target=swap, args=("trap", "folder", "/etc"), daemon=True).start()
print("ready", flush=True)
swap("file", "plain", "/etc/shadow")
"""


def attempt(deed):
    """What it gave, or the code with which it was refused."""
    try:
        return deed()
    except Refused as refused:
        return refused.status, refused.body


def main():
    with tenants() as world:
        project = world.project(world.alice, world.a)
        environment = world.environment(world.alice, project, "swap", flavor="medium")
        run = world.shell(world.alice, environment)
        started = run(f"cat > /tmp/swap.py <<'END'\n{SWAP}\nEND\n(trap '' HUP; exec python3 /tmp/swap.py > /tmp/swap.log 2>&1 < /dev/null) & for i in $(seq 100); do grep -q ready /tmp/swap.log && break; sleep 0.1; done; cat /tmp/swap.log")
        check("an environment swaps a folder with a link to /etc, and a file with one to /etc/shadow", b"ready" in started.stdout, started)
        base = f"/api/v1/projects/{project}/code"
        with open("/etc/passwd", "rb") as file:
            theirs = file.read()
        reads = [f"{base}/file?path=trap/passwd", f"{base}/text?path=trap/passwd", f"{base}?path=trap", f"{base}/file?path=file", f"{base}/archive?path=trap"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            seen = list(pool.map(lambda n: attempt(lambda: world.alice.call("GET", reads[n % len(reads)])), range(300)))
        mine = sum(1 for answer in seen if answer == b"mine\n")
        leaks = [s for s in seen if b"root:" in (s if isinstance(s, bytes) else repr(s).encode()) or theirs[:40] in (s if isinstance(s, bytes) else b"")]
        names = [s for s in seen if isinstance(s, dict) and any(item["name"] in ("shadow", "hostname", "hosts") for item in s.get("items", []))]
        check(f"300 reads show no file of this machine ({mine} showed the tenant's own)", not leaks and not names and mine, (leaks[:1], names[:1]))
        check("and none fails as if it were Weir's fault", not [s for s in seen if isinstance(s, tuple) and s[0] >= 500], seen[:3])
        write = lambda n: attempt(lambda: world.alice.call("PUT", f"{base}/file?path=trap/weir-hostile-{n}", raw=b"x", headers={"Content-Type": "application/octet-stream"}))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            wrote = list(pool.map(write, range(80)))
            moved = list(pool.map(lambda n: outcome(world.alice, "POST", f"{base}/rename", {"from": "trap/deep", "to": f"trap/weir-hostile-m{n}"}), range(20)))
            deleted = list(pool.map(lambda n: outcome(world.alice, "DELETE", f"{base}/file?path=trap/hostname"), range(40)))
        with contextlib.suppress(FileNotFoundError):
            import glob

            check("80 writes, 20 moves and 40 deletions leave this machine's /etc alone", not glob.glob("/etc/weir-hostile-*") and open("/etc/hostname"))
        check("and none fails as if it were Weir's fault", not [s for s in wrote if isinstance(s, tuple) and s[0] >= 500] and
              max(s for s, _ in moved + deleted) < 500, (wrote[:3], moved[:3]))
        frozen = []
        for number in range(4):
            body = {"name": f"freeze{number}", "image": IMAGE, "flavor": "small",
                    "command": "cat /gemini/code/trap/passwd /gemini/code/file; ls -l /gemini/code/special"}
            frozen.append(attempt(lambda: world.alice.call("POST", f"/api/v1/projects/{project}/jobs", body)["id"]))
        for made in frozen:
            if isinstance(made, str):
                world.alice.wait(made, "completed", "failed")
                log = world.log(world.alice, made)
                check("a job on such code has its own links, and nothing of this machine", theirs[:40].decode() not in log, log)
        check("or is refused with a reason", all(isinstance(made, str) or 400 <= made[0] < 500 for made in frozen), frozen)
        for path in ("outside/passwd", "above/passwd", "special/fifo", "special/device", "special/socket", "special/link"):
            for way in ("file", "text"):
                status, code = outcome(world.alice, "GET", f"{base}/{way}?path={path}")
                check(f"{way} of {path} is refused ({code})", 400 <= status < 500, status)
    print("links: all held")


if __name__ == "__main__":
    main()
