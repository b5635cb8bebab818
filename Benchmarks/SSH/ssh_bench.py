"""Weir's SSH gateway beside OpenSSH's sshd with sftp-server: the same machine, client, cipher and disk, runs in turn.

Asked for: 1 GiB up and down at least 0.8 of sshd's rate, 1,000 files of 4 KiB at least 0.7, login to first byte at most 1.5 times,
processor seconds for a GiB at most 1.3 times; 500 idle sessions at most 64 KiB each beside its thread's stack, and none slows a busy one.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from running_weir import Weir, free_port

CIPHER = "aes256-gcm@openssh.com"
SIZE = int(os.environ.get("BENCH_MIB", "1024")) << 20
FILES = 1000
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
IDLE = int(os.environ.get("BENCH_IDLE", "500"))


def processor(pid):
    """Seconds of a process and of all its children that have ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(fields[i]) for i in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")


class Server:
    def __init__(self, name, pid, port, user, folder, options):
        self.name, self.pid, self.port, self.user, self.folder, self.options = name, pid, port, user, folder, options
        self.target = f"{user}@127.0.0.1"

    def batch(self, text):
        begun, cpu = time.monotonic(), processor(self.pid)
        answer = subprocess.run(["sftp", "-q", *self.options, "-P", str(self.port), "-b", "-", self.target], input=text.encode(),
                                capture_output=True)
        if answer.returncode:
            raise SystemExit(f"{self.name}: {answer.stderr.decode()}")
        took = time.monotonic() - begun
        time.sleep(0.3)
        return took, processor(self.pid) - cpu


def sshd(home, key):
    port = free_port()
    folder = home / "sshd"
    folder.mkdir()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / "host"], check=True)
    (home / "authorized").write_text(key.with_suffix(".pub").read_text())
    os.chmod(home / "authorized", 0o600)
    pathlib.Path("/run/sshd").mkdir(exist_ok=True)
    (home / "sshd_config").write_text(f"""Port {port}
ListenAddress 127.0.0.1
HostKey {home}/host
PidFile none
AuthorizedKeysFile {home}/authorized
StrictModes no
UsePAM no
PermitRootLogin yes
MaxStartups 1000
Subsystem sftp /usr/lib/openssh/sftp-server -d {folder}
""")
    process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", home / "sshd_config"], stdin=subprocess.DEVNULL)
    time.sleep(0.5)
    return process, Server("sshd", process.pid, port, "root", folder, None)


def memory(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(l for l in text.splitlines() if l.startswith("Pss:")).split()[1]) << 10


def idle(weir, user, options, busy):
    """What sessions take that have logged in and carry nothing, `ssh -N`; and how long a busy one takes without them and beside them."""
    alone = statistics.median(busy() for _ in range(ROUNDS))
    before = memory(weir.process.pid)
    clients = []
    for i in range(IDLE):
        clients.append(subprocess.Popen(["ssh", *options, "-N", "-p", str(weir.ssh_port), f"{user}@127.0.0.1"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        time.sleep(0.12)
    time.sleep(5)
    threads = len(os.listdir(f"/proc/{weir.process.pid}/task"))
    each = (memory(weir.process.pid) - before) / IDLE
    beside = statistics.median(busy() for _ in range(ROUNDS))
    alive = sum(c.poll() is None for c in clients)
    for client in clients:
        client.terminate()
    for client in clients:
        client.wait()
    return each, alive, threads, alone, beside


def main():
    with tempfile.TemporaryDirectory(prefix="weir-bench-ssh-", dir="/tmp") as name, Weir() as weir:
        home = pathlib.Path(name)
        os.chmod(home, 0o755)
        key = home / "id"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        options = ["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
                   "LogLevel=ERROR", "-o", f"IdentityFile={key}", "-o", "IdentitiesOnly=yes", "-o", f"Ciphers={CIPHER}"]
        operator = weir.operator()
        operator.call("POST", "/api/v1/ssh/keys", {"public_key": key.with_suffix(".pub").read_text().strip()})
        workspace = operator.call("POST", "/api/v1/workspaces", {"name": "bench"})["id"]
        asset = operator.call("POST", f"/api/v1/workspaces/{workspace}/assets", {"kind": "dataset", "name": "bench"})["id"]
        user = operator.call("GET", f"/api/v1/assets/{asset}/draft/sftp")["user"]
        process, peer = sshd(home, key)
        try:
            own = Server("weir", weir.process.pid, weir.ssh_port, user, None, options)
            peer.options = options
            big = home / "big"
            with open(big, "wb") as file:
                for _ in range(SIZE >> 20):
                    file.write(os.urandom(1 << 20))
            small = home / "small"
            small.mkdir()
            for i in range(FILES):
                (small / f"{i:04}").write_bytes(os.urandom(4096))
            seen = {}
            for round_ in range(ROUNDS):
                for server in (own, peer) if round_ % 2 == 0 else (peer, own):
                    for what, text in (("up", f"put {big} big\n"), ("down", f"get big {home}/back\n"), ("rm", "rm big\n"),
                                       ("files", f"put -R {small} small{round_}\n")):
                        seen.setdefault((server.name, what), []).append(server.batch(text))
                    for _ in range(5):
                        seen.setdefault((server.name, "login"), []).append(server.batch("pwd\n"))
            median = lambda server, what, i=0: statistics.median(x[i] for x in seen[server, what])
            gib = SIZE / (1 << 30)
            print(f"{'':32}{'Weir':>10}{'sshd':>10}{'ratio':>8}  asked")
            for what, label in (("up", "1 GiB up, MiB/s"), ("down", "1 GiB down, MiB/s")):
                a, b = (SIZE >> 20) / median("weir", what), (SIZE >> 20) / median("sshd", what)
                print(f"{label:32}{a:10.0f}{b:10.0f}{a / b:8.2f}  >= 0.8")
            a, b = FILES / median("weir", "files"), FILES / median("sshd", "files")
            print(f"{'1,000 files of 4 KiB, files/s':32}{a:10.0f}{b:10.0f}{a / b:8.2f}  >= 0.7")
            a, b = median("weir", "login"), median("sshd", "login")
            print(f"{'login, sftp, first answer, s':32}{a:10.3f}{b:10.3f}{a / b:8.2f}  <= 1.5")
            for what in ("up", "down"):
                a, b = median("weir", what, 1) / gib, median("sshd", what, 1) / gib
                print(f"{'processor s/GiB ' + what:32}{a:10.2f}{b:10.2f}{a / b:8.2f}  <= 1.3")
            if "--idle" in sys.argv:
                each, alive, threads, alone, beside = idle(weir, user, options, lambda: own.batch(f"put {big} big\n")[0])
                rate = lambda took: (SIZE >> 20) / took
                print(f"1 GiB up beside {alive} idle ones: {rate(beside):.0f} MiB/s, {rate(alone):.0f} without them ({alone / beside:.2f})")
                print(f"{alive} idle sessions: {each / 1024:.0f} KiB each, stack included; {threads} threads")
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
