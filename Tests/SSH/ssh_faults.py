"""What no good client does, and what goes wrong in the middle."""

import contextlib
import os
import pathlib
import random
import socket
import struct
import subprocess
import time

from running_weir import Weir, disk_of_its_own
from ssh_common import Client, check, processes, until
from ssh_git import Work


def sessions_open(weir):
    """The threads that serve connections."""
    names = []
    for task in pathlib.Path(f"/proc/{weir.process.pid}/task").iterdir():
        try:
            names.append((task / "comm").read_text().strip())
        except OSError:
            pass
    return names.count("weir-ssh-peer")


def hostile(client, user):
    """Openings that no client makes, and the algorithms that are offered. `user` leads to a netdisk."""
    reach = lambda: client.sftp(user, "pwd\n")
    port = client.weir.ssh_port
    dice = random.Random(seed := random.randrange(1 << 32))
    banner = b"SSH-2.0-OpenSSH_9.2p1\r\n"

    def packet(payload, padding=8, length=None):
        body = bytes([padding]) + payload + bytes(padding)
        return struct.pack(">I", len(body) if length is None else length) + body

    def names(*lists):
        return b"".join(struct.pack(">I", len(l)) + l for l in lists)

    kexinit = lambda *lists: packet(b"\x14" + bytes(16) + names(*(list(lists) + [b""] * (10 - len(lists)))) + bytes(5))
    shapes = [
        lambda: b"",
        lambda: b"\0" * dice.randrange(1, 5000),
        lambda: dice.randbytes(dice.randrange(1, 20_000)),
        lambda: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        lambda: b"SSH-1.5-old\r\n",
        lambda: b"SSH-2.0-" + b"A" * dice.randrange(300, 9000) + b"\r\n",
        lambda: b"SSH-2.0-no-end",
        lambda: b"\r\n" * 2000,
        lambda: banner + struct.pack(">I", dice.choice([0, 1, 4, 0x7fffffff, 0xffffffff, 262_145])) + dice.randbytes(64),
        lambda: banner + packet(b"", 4),
        lambda: banner + packet(b"\x14", dice.randrange(0, 256), dice.randrange(0, 70_000)),
        lambda: banner + kexinit(b"none", b"none", b"none"),
        lambda: banner + kexinit(b"curve25519-sha256", b"ssh-ed25519", *[b"aes256-gcm@openssh.com"] * 2, *[b"none"] * 2, *[b"none"] * 2) +
        packet(b"\x1e" + struct.pack(">I", 32) + bytes(32)),
        lambda: banner + kexinit(b"," * 30_000),
        lambda: banner + kexinit(b"curve25519-sha256", b"ssh-ed25519", *[b"aes256-gcm@openssh.com"] * 2, *[b"none"] * 4)[: dice.randrange(20, 200)],
        lambda: banner + packet(b"\x05" + names(b"ssh-userauth")),
        lambda: banner + packet(b"\x32" + names(b"root", b"ssh-connection", b"none")),
        lambda: banner + packet(b"\x5a" + names(b"session") + bytes(12)),
        lambda: banner + packet(b"\x15") * 50,
        lambda: banner + packet(b"\x01" + bytes(4) + names(b"bye", b"")),
    ]
    held = []
    for i in range(200):
        connection = socket.socket()
        connection.bind((f"127.0.{1 + i // 250}.{2 + i % 250}", 0))
        connection.settimeout(10)
        try:
            connection.connect(("127.0.0.1", port))
            connection.sendall(shapes[i % len(shapes)]())
            if i % 3 == 0:
                held.append(connection)
                continue
            if i % 3 == 1:
                connection.shutdown(socket.SHUT_WR)
                connection.recv(100)
        except OSError:
            pass
        connection.close()
    begun = time.monotonic()
    answer = reach()
    check(f"after 200 hostile openings (seed {seed}) a person gets in", b"/upload" in answer.stdout, answer)
    check("while a third of them is still open", time.monotonic() - begun < 10 and sessions_open(client.weir) > 1,
          (time.monotonic() - begun, sessions_open(client.weir)))
    timers = subprocess.run(["ss", "-tnoH", "state", "established", f"( sport = :{port} )"], capture_output=True, text=True).stdout
    check("one that vanishes without a word would be noticed", "timer:(keepalive" in timers, timers)
    for connection in held:
        connection.close()
    check("nothing of them is left", until(lambda: sessions_open(client.weir) == 0), sessions_open(client.weir))
    crowd = []
    for _ in range(60):
        connection = socket.create_connection(("127.0.0.1", port), timeout=20)
        crowd.append(connection)
    closed = 0
    for connection in crowd:
        connection.settimeout(20)
        try:
            closed += connection.recv(100) == b""
        except OSError:
            closed += 1
    for connection in crowd:
        connection.close()
    check("one source has no more than its share of strangers", closed >= 20, closed)
    check("the server lives", client.weir.process.poll() is None)
    check("and lets people in again", until(lambda: reach().returncode == 0, pause=1))
    # The audit opens more than one connection, and this source has had its share of a while.
    time.sleep(3)
    audit = subprocess.run(["ssh-audit", "-n", "-p", str(port), "127.0.0.1"], capture_output=True, text=True, timeout=60)
    # An older ssh-audit does not know the mark of strict key exchange, which mends Terrapin.
    weak = [line for line in audit.stdout.splitlines() if ("[fail]" in line or "[warn]" in line) and "kex-strict-s" not in line]
    check("ssh-audit shows no weak algorithm", "(kex)" in audit.stdout and not weak, audit.stdout)


def holders_of_ports(weir):
    """What Weir started and that could keep a port from the next Weir: the programs' command lines. A program that is being started is one for
    a moment."""
    def sockets(process):
        found = set()
        with contextlib.suppress(OSError):
            for descriptor in os.listdir(f"/proc/{process}/fd"):
                with contextlib.suppress(OSError):
                    found.add(os.readlink(f"/proc/{process}/fd/{descriptor}"))
        return found

    listening = {
        f"socket:[{fields[9]}]" for table in ("tcp", "tcp6")
        for fields in map(str.split, pathlib.Path(f"/proc/net/{table}").read_text().splitlines()) if fields[3] == "0A"
    } & sockets(weir.process.pid)
    check("Weir listens at its three ports at least", len(listening) >= 3, listening)
    children, held = [weir.process.pid], []
    while children:
        parent = children.pop()
        for below in subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True).stdout.split():
            children.append(below)
            if listening & sockets(below):
                with contextlib.suppress(OSError):
                    held.append(pathlib.Path(f"/proc/{below}/cmdline").read_text().replace("\0", " "))
    return held


def faults(client, user, person, workspace):
    """What is cut off in the middle."""
    asset = person.call("POST", f"/api/v1/workspaces/{workspace}/assets", {"kind": "dataset", "name": "cut"})["id"]
    draft = person.call("GET", f"/api/v1/assets/{asset}/draft/sftp")["user"]
    big = client.folder / "cut.bin"
    big.write_bytes(os.urandom(64 << 20))

    def begin_upload():
        upload = subprocess.Popen(
            ["sftp", *client.options(), "-l", "60000", "-P", str(client.weir.ssh_port), "-b", "-", f"{draft}@127.0.0.1"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        upload.stdin.write(f"put {big} cut.bin\n".encode())
        upload.stdin.flush()
        path = client.weir.kept("drafts", asset) / "cut.bin"
        if not until(lambda: path.exists() and path.stat().st_size > 1 << 20):
            upload.kill()
            raise SystemExit(f"FAILED: the upload does not begin: {upload.stderr.read()!r}")
        return upload

    upload = begin_upload()
    check("while it is uploaded it is not confirmed", person.refusal("POST", f"/api/v1/assets/{asset}/versions", {"note": "x"}) == 409)
    upload.kill()
    upload.wait()
    check("a client that vanishes leaves no process", until(lambda: not processes(client.weir)), processes(client.weir))
    upload = begin_upload()
    sleeper = user and subprocess.Popen(
        ["ssh", *client.options(), "-p", str(client.weir.ssh_port), f"{user}@127.0.0.1", "echo in; exec sleep 4712"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if sleeper:
        sleeper.stdout.readline()
    check("no program that Weir has started holds a port that Weir listens at",
          until(lambda: not holders_of_ports(client.weir), pause=0.5), holders_of_ports(client.weir))
    client.weir.process.kill()
    client.weir.process.wait()
    _, errors = upload.communicate(timeout=20)
    check("when the gateway is killed the client is told", upload.returncode != 0, errors)
    sandboxes = lambda: [l for l in subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True).stdout.splitlines()
                         if "bwrap" in l and asset in l]
    check("and its sandbox ends with it", until(lambda: not sandboxes()), sandboxes())
    client.weir.start()
    check("nothing was confirmed", person.call("GET", f"/api/v1/assets/{asset}/versions")["items"] == [])
    if sleeper:
        sleeper.communicate(timeout=20)
        deadline = time.monotonic() + 15
        while b"4712" in (left := client.ssh(user, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").stdout.replace(b"cat /proc", b"")) and time.monotonic() < deadline:
            time.sleep(0.3)
        check("a command in an environment ends at the next start", b"sleep 4712" not in left, left[-300:])
    answer = client.sftp(draft, f"reput {big} cut.bin\n")
    check("the upload goes on after the restart", answer.returncode == 0, answer)


def full(home):
    """A disk that is full in the middle of a transfer."""
    with Weir(before=lambda folder: disk_of_its_own(folder, DISK)) as weir:
        operator = weir.operator()
        workspace = operator.call("POST", "/api/v1/workspaces", {"name": "Vision"})["id"]
        client = Client(weir, operator, pathlib.Path(home) / "full", "operator")
        client.add_key()
        asset = operator.call("POST", f"/api/v1/workspaces/{workspace}/assets", {"kind": "dataset", "name": "large"})["id"]
        user = operator.call("GET", f"/api/v1/assets/{asset}/draft/sftp")["user"]
        big = client.folder / "big.bin"
        big.write_bytes(os.urandom(96 << 20))
        client.sftp(user, "put /etc/hostname first\n")
        leave(weir, 24 << 20)
        answer = client.sftp(user, f"put {big} big.bin\n")
        check("the client shows that the disk is full", answer.returncode != 0 and b"ailure" in answer.stderr, answer)
        versions = lambda: operator.call("GET", f"/api/v1/assets/{asset}/versions")["items"]
        check("nothing is confirmed by that", not versions() and until(lambda: not processes(weir)), processes(weir))
        answer = client.sftp(user, "rm big.bin\nput /etc/hostname small\n")
        check("and goes on when there is room again", answer.returncode == 0, answer)
        work = Work(client, operator, workspace, "large")
        before = work.stored()
        work.commit("big.bin", big.read_bytes())
        answer = work.run("push", "-q", "origin", "main")
        check("a push on a full disk fails, and says why", answer.returncode != 0 and b"No space left" in answer.stderr, answer)
        check("and leaves nothing half-stored", until(lambda: not processes(weir)) and work.stored() == before and not work.incoming(),
              work.incoming())
        work.run("reset", "-q", "--hard", "HEAD~1")
        work.commit("small.py", b"print(2)\n")
        answer = work.run("push", "-q", "origin", "main")
        check("what fits goes through", answer.returncode == 0 and (work.code / "small.py").exists(), answer)


DISK = 1 << 30
# What Weir keeps of so small a disk for itself.
RESERVE = DISK // 4


def leave(weir, room):
    """Fills the disk from outside, up to so much above the reserve; Weir looks at it a few times in a second."""
    figures = os.statvfs(weir.folder / "data")
    taken = figures.f_bavail * figures.f_frsize - RESERVE - room
    subprocess.run(["fallocate", "-l", str(taken), weir.folder / "data/filler"], check=True)
    time.sleep(3)
