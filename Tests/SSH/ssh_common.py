"""What the parts of the suite share: a person with OpenSSH's programs, and a look at what the gateway has started."""

import pathlib
import shlex
import subprocess
import sys
import time


def check(what, holds, seen=None):
    if not holds:
        raise SystemExit(f"FAILED: {what}: {seen!r}")
    print(f"  {what}", flush=True)


class Client:
    """A person's side: a home with a key, and OpenSSH's programs."""

    def __init__(self, weir, person, folder, login):
        self.weir, self.person, self.folder, self.login = weir, person, pathlib.Path(folder), login
        self.folder.mkdir(exist_ok=True)
        self.key = self.folder / "id_ed25519"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{login}@test", "-f", self.key], check=True)
        self.known = self.folder / "known_hosts"
        host = person.call("GET", "/api/v1/ssh")
        self.known.write_text("".join(f"{host['known_host']} {key['public_key']}\n" for key in host["host_keys"]))

    def add_key(self):
        return self.person.call("POST", "/api/v1/ssh/keys", {"public_key": self.key.with_suffix(".pub").read_text().strip()})

    def options(self, *more):
        return [
            "-F", "none", "-o", f"UserKnownHostsFile={self.known}", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o",
            f"IdentityFile={self.key}", "-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=20", *more,
        ]

    def ssh(self, user, *command, options=(), input=None, timeout=60, env=None):
        return subprocess.run(
            ["ssh", *self.options(*options), "-p", str(self.weir.ssh_port), f"{user}@127.0.0.1", *command], input=input,
            capture_output=True, timeout=timeout, env=env)

    def sftp(self, user, batch, timeout=120, options=()):
        return subprocess.run(
            ["sftp", *self.options(*options), "-P", str(self.weir.ssh_port), "-b", "-", f"{user}@127.0.0.1"], input=batch.encode(),
            capture_output=True, timeout=timeout)

    def program(self, *arguments, timeout=120):
        return subprocess.run(arguments, capture_output=True, timeout=timeout)


def processes(weir):
    """What the gateway has started and not ended."""
    out = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True).stdout
    return [l for l in out.splitlines() if f" {weir.process.pid} " in l and ("bwrap" in l or "exec --process" in l)]


def until(holds, seconds=20, pause=0.05):
    """Whether it comes true in time."""
    deadline = time.monotonic() + seconds
    while not (seen := holds()):
        if time.monotonic() > deadline:
            return seen
        time.sleep(pause)
    return seen


# A client behind a narrow line: what it sends goes at a rate, what it gets comes as it comes.
NARROW = """
import os, select, socket, sys, time
host, port, rate = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
line, begun, sent, is_open = socket.create_connection((host, port)), time.monotonic(), 0, True
while True:
    ahead = sent / rate - (time.monotonic() - begun)
    sources = [line] + ([0] if is_open and ahead <= 0 else [])
    for source in select.select(sources, [], [], max(ahead, 0) if is_open else None)[0]:
        part = os.read(source if source == 0 else source.fileno(), 16384)
        if source is line:
            if not part:
                sys.exit()
            os.write(1, part)
        elif part:
            line.sendall(part)
            sent += len(part)
        else:
            is_open = False
            line.shutdown(socket.SHUT_WR)
"""


def narrow(client, bytes_per_second):
    """Options of ssh by which a client sends no faster."""
    script = client.folder / "narrow.py"
    script.write_text(NARROW)
    return ["-o", f"ProxyCommand={sys.executable} {script} 127.0.0.1 {client.weir.ssh_port} {bytes_per_second}"]
