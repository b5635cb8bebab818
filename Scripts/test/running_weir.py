"""A real `weir serve` for the suites that drive a whole Weir: a folder and ports of its own, and everything removed at the end."""

import contextlib
import fcntl
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

PODMAN = "/run/weir/podman.sock"
NOTEBOOK = "localhost/weir/notebook:1"
PASSWORD = "a password for tests"

CONFIGURATION = """
data: {folder}/data
api: {{ listen: "127.0.0.1:{api}" }}
gateway: {{ listen: "127.0.0.1:{gateway}", ports: {ports}-{last} }}
ssh: {{ listen: "127.0.0.1:{ssh}" }}
engine: {{ cpu_overcommit: 16 }}
flavors:
  - {{ name: small, cpu: 0.5, memory: 256MiB, scratch: 64MiB, price_per_hour: "0.1" }}
  - {{ name: medium, cpu: 1, memory: 1GiB, scratch: 256MiB, price_per_hour: "0.2" }}
"""


# All are below those that the kernel gives to connections: one that a Weir leaves is free for it when it begins again.
SINGLE_PORTS = range(20_000, 21_000)
PORT_BLOCKS = range(21_000, 30_000, 200)


def is_free(port):
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port():
    while not is_free(port := secrets.choice(SINGLE_PORTS)):
        pass
    return port


def port_block():
    """The first of 200 ports that no other suite takes while the lock is held, and the lock."""
    while True:
        first = secrets.choice(PORT_BLOCKS)
        lock = open(f"/tmp/weir-suite-ports-{first}", "w")
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if all(is_free(first + offset) for offset in range(3)):
                return first, lock
        lock.close()


def podman(*arguments):
    """Podman through the service that Weir uses: the host's view of /run may be another one."""
    return subprocess.run(
        ["podman", "--remote", "--url", f"unix://{PODMAN}", *arguments], capture_output=True, text=True, check=False
    )


def unmount_below(folder):
    """Weir leaves its volumes mounted at its end, in its own mount namespace and in Podman's."""
    places = [(["umount", "-l"], "/proc/self/mounts")]
    with contextlib.suppress(OSError, ValueError):
        holder = int(pathlib.Path(PODMAN).with_name("holder.pid").read_text())
        places.insert(0, (["nsenter", "-m", "-t", str(holder), "umount", "-l"], f"/proc/{holder}/mounts"))
    for command, table in places:
        with contextlib.suppress(OSError):
            mounted = [line.split()[1] for line in pathlib.Path(table).read_text().splitlines()]
            for path in reversed([path for path in mounted if path.startswith(f"{folder}/")]):
                subprocess.run([*command, path], capture_output=True, check=False)


def disk_of_its_own(folder, size):
    """Puts the data folder of a Weir on a small disk, which Podman sees as well: its mount namespace may be another one."""
    file = folder / "disk.img"
    (folder / "data").mkdir(mode=0o711)
    for command in (
        ["truncate", "-s", str(size), file], ["mkfs.ext4", "-q", "-F", "-m", "0", "-E", "nodiscard", file],
        ["mount", "-o", "loop,discard", file, folder / "data"],
    ):
        subprocess.run(command, check=True)
    holder = pathlib.Path(PODMAN).with_name("holder.pid")
    if holder.exists():
        device = next(line.split()[0] for line in open("/proc/self/mounts") if line.split()[1] == str(folder / "data"))
        enter = ["nsenter", "-m", "-t", holder.read_text().strip()]
        if subprocess.run([*enter, "mountpoint", "-q", folder / "data"], check=False).returncode != 0:
            subprocess.run([*enter, "mount", device, folder / "data"], check=True)


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status} {body[:500]}")
        self.status, self.body = status, body


class Person:
    """A program with somebody's token."""

    def __init__(self, weir, token=None):
        self.weir, self.token = weir, token

    def opened(self, method, path, body=None, headers=None, raw=None):
        """The answer to be read, in parts where it is large."""
        request = urllib.request.Request(self.weir.url + path, method=method)
        if self.token:
            request.add_header("Authorization", "Bearer " + self.token)
        data = raw
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            return urllib.request.urlopen(request, data, timeout=60)
        except urllib.error.HTTPError as error:
            raise Refused(error.status, error.read().decode(errors="replace")) from None

    def call(self, method, path, body=None, headers=None, raw=None):
        with self.opened(method, path, body, headers, raw) as answer:
            content = answer.read()
            return json.loads(content) if answer.headers.get_content_type() == "application/json" else content

    def refusal(self, method, path, body=None):
        """The status with which Weir refuses."""
        try:
            self.call(method, path, body)
        except Refused as refused:
            return refused.status
        return None

    def wait(self, workload, *states, seconds=90):
        """The workload as soon as it is in one of the states."""
        deadline = time.monotonic() + seconds
        while True:
            seen = self.call("GET", f"/api/v1/workloads/{workload}")
            if seen["state"] in states:
                return seen
            if time.monotonic() > deadline or (seen["state"] in ("failed", "completed") and seen["state"] not in states):
                raise SystemExit(f"{seen['name']} is {seen['state']}, not {states}: {seen['failure']}\n{self.weir.log()}")
            time.sleep(0.1)


class Weir:
    def __init__(self, before=None, scheme="http"):
        """`before` is called with the folder before the first start; with `scheme` https it has the listeners speak TLS."""
        self.before, self.scheme = before, scheme

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-suite-", dir="/tmp"))
        os.chmod(self.folder, 0o711)
        first, self.ports = port_block()
        ports = {"api": first, "gateway": first + 1, "ssh": first + 2, "ports": first + 100}
        (self.folder / "weir.yaml").write_text(CONFIGURATION.format(folder=self.folder, last=first + 199, **ports))
        self.url = f"{self.scheme}://127.0.0.1:{ports['api']}"
        self.ssh_port = ports["ssh"]
        self.gateway = f"{self.scheme}://127.0.0.1:{ports['gateway']}"
        self.process = None
        if self.before:
            self.before(self.folder)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        weir = os.environ.get("WEIR") or str(pathlib.Path(__file__).parents[2] / ".build/debug/weir")
        # A variable that names a key of the configuration would be stronger than the file.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")}
        with open(self.folder / "serve.log", "ab") as log:
            self.process = subprocess.Popen(
                [weir, "serve", "--config", self.folder / "weir.yaml"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(self.url + "/readyz", timeout=5):
                    return
            except (OSError, urllib.error.HTTPError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("weir serve does not become ready:\n" + self.log()) from None
                time.sleep(0.05)

    def log(self):
        """What went wrong, and what came last."""
        text = (self.folder / "serve.log").read_text(errors="replace")
        wrong = [line for line in text.splitlines() if " error " in line or "status=500" in line]
        return "\n".join(wrong[-40:]) + "\n…\n" + text[-3000:]

    @property
    def one_time_password(self):
        return (self.folder / "data/operator-one-time-password").read_text().strip()

    def operator(self):
        """The operator after the first login."""
        person = Person(self)
        once = self.one_time_password
        person.token = person.call("POST", "/api/v1/sessions", {"login": "operator", "password": once})["secret"]
        person.call("PUT", "/api/v1/account/password", {"current_password": once, "new_password": PASSWORD})
        login = person.call("POST", "/api/v1/sessions", {"login": "operator", "password": PASSWORD})
        person.token = login["secret"]
        return person

    def another(self, operator, login):
        """A person who is a member of nothing yet."""
        made = operator.call("POST", "/api/v1/accounts", {"login": login})
        once = made["one_time_password"]
        person = Person(self)
        person.token = person.call("POST", "/api/v1/sessions", {"login": login, "password": once})["secret"]
        person.call("PUT", "/api/v1/account/password", {"current_password": once, "new_password": PASSWORD})
        person.token = person.call("POST", "/api/v1/sessions", {"login": login, "password": PASSWORD})["secret"]
        return person

    def official_images(self, operator):
        """Puts the official images into the list. Nothing is left out without them: official_images.py builds them, in minutes."""
        if podman("image", "exists", NOTEBOOK).returncode != 0:
            raise SystemExit("FAILED: the official images are not on this host; Scripts/test/official_images.py builds them")
        told = operator.call("POST", "/api/v1/images/build-official", {})
        if isinstance(told, bytes) and b'"error"' in told:
            raise AssertionError(f"the official images are not in the list: {told.decode(errors='replace')[-500:]}")

    def __exit__(self, *_):
        with contextlib.closing(self.ports):
            self.end()

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.remove_containers()
        unmount_below(self.folder)
        # Not by Python, whose own way ends at some depth: a suite may have left folders deeper than that.
        subprocess.run(["rm", "-rf", self.folder], check=False)

    def kept(self, part, owner):
        """The folder of an asset in `drafts`, or of a project in `projects`, on the host."""
        import sqlite3

        table = {"drafts": "asset", "projects": "project"}[part]
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/data/weir.sqlite?mode=ro", uri=True)) as database:
            workspace = database.execute(f"SELECT workspace FROM {table} WHERE id = ?", [owner]).fetchone()[0]
        return self.folder / "data/files/workspaces" / workspace / part / owner

    def installation(self):
        import sqlite3

        database = self.folder / "data/weir.sqlite"
        if not database.exists():
            return None
        with sqlite3.connect(database) as connection:
            row = connection.execute("SELECT value FROM setting WHERE key = 'installation.id'").fetchone()
        return row and row[0]

    def containers(self):
        if not (installation := self.installation()):
            return []
        return podman("ps", "-aq", "--filter", f"label=weir.installation={installation}").stdout.split()

    def remove_containers(self):
        if containers := self.containers():
            podman("rm", "-f", "-t", "1", *containers)
        if installation := self.installation():
            networks = podman("network", "ls", "-q", "--filter", f"name=weir-{installation}-").stdout.split()
            if networks:
                podman("network", "rm", "-f", *networks)
            subprocess.run(["nft", "delete", "table", "inet", f"weir_{installation}"], capture_output=True, check=False)
