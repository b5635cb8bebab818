"""What the suites of attacks share: a Weir with the tenants whom they play, an image to attack from, and ways in.

Workspace a is alice's, with an administrator and a member; workspace b is bob's, and alice is a member of it; mallory is in none."""

import contextlib
import fcntl
import functools
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse

import paramiko
from running_weir import Refused, Weir, podman
from ssh_common import Client, check, until

__all__ = [
    "IMAGE", "Client", "Refused", "Tenants", "Weir", "as_nobody", "check", "entered", "exchange", "outcome", "podman", "response", "sftp", "tenants", "until",
]

IMAGE = "localhost/weir-test/hostile:3"


@contextlib.contextmanager
def tenants(before=None, image=True, scheme="http"):
    """A Weir of its own; `before` is called with its folder before the start. Without `image` it starts faster, and nothing can run in it."""
    with Weir(before, scheme) as weir, tempfile.TemporaryDirectory(prefix="weir-hostile-") as home:
        os.chmod(home, 0o711)
        yield Tenants(weir, pathlib.Path(home), image)


class Tenants:
    """The people and their workspaces; each is made when it is first asked for."""

    def __init__(self, weir, home, image):
        self.weir, self.home = weir, home
        self.operator = weir.operator()
        if image:
            offer_image(weir)

    @functools.cached_property
    def alice(self):
        return self.person("alice")

    @functools.cached_property
    def administrator(self):
        return self.person("adam", self.a, "administrator")

    @functools.cached_property
    def member(self):
        return self.person("mia", self.a, "member")

    @functools.cached_property
    def bob(self):
        return self.person("bob")

    @functools.cached_property
    def stranger(self):
        return self.person("mallory")

    @functools.cached_property
    def a(self):
        return self.alice.call("POST", "/api/v1/workspaces", {"name": "hostile-a"})["id"]

    @functools.cached_property
    def b(self):
        made = self.bob.call("POST", "/api/v1/workspaces", {"name": "hostile-b"})["id"]
        self.alice
        self.bob.call("PUT", f"/api/v1/workspaces/{made}/members/alice", {"role": "member"})
        return made

    def person(self, login, workspace=None, role="member"):
        made = self.weir.another(self.operator, login)
        made.login = login
        if workspace:
            self.operator_or_owner(workspace).call("PUT", f"/api/v1/workspaces/{workspace}/members/{login}", {"role": role})
        return made

    def operator_or_owner(self, workspace):
        return self.bob if workspace == self.__dict__.get("b") else self.alice

    def project(self, person, workspace, name="attack"):
        return person.call("POST", f"/api/v1/workspaces/{workspace}/projects", {"name": name})["id"]

    def job(self, person, project, command, name="job", seconds=60, **more):
        """What became of a job with this command: its record, and its log as text."""
        body = {"name": name, "image": IMAGE, "flavor": "small", "command": command, **more}
        made = person.call("POST", f"/api/v1/projects/{project}/jobs", body)["id"]
        seen = person.wait(made, "completed", "failed", "stopped", seconds=seconds)
        return seen, self.log(person, made)

    def python(self, person, project, source, **more):
        """The same with a program in Python."""
        return self.job(person, project, f"python3 - <<'END'\n{source}\nEND\n", **more)

    def log(self, person, workload):
        return person.call("GET", f"/api/v1/workloads/{workload}/logs/file").decode(errors="replace")

    def environment(self, person, project, name="env", seconds=60, **more):
        """An environment that runs."""
        body = {"name": name, "image": IMAGE, "flavor": "small", **more}
        made = person.call("POST", f"/api/v1/projects/{project}/environments", body)["id"]
        person.wait(made, "running", seconds=seconds)
        return made

    def client(self, person):
        """The person's OpenSSH with a key that lets in."""
        if not hasattr(person, "client"):
            person.client = Client(self.weir, person, self.home / person.login, person.login)
            person.client.add_key()
        return person.client

    def shell(self, person, environment):
        """Runs a command in the environment over SSH: `run("id -u")` is what the program ssh gave."""
        client, user = self.client(person), person.call("GET", f"/api/v1/workloads/{environment}/ssh")["user"]
        return functools.partial(client.ssh, user)

    def code_user(self, person, project):
        """The name at which SFTP leads to the project's code."""
        return person.call("GET", f"/api/v1/projects/{project}/code/sftp")["user"]

    def netdisk_user(self, person, workspace):
        return person.call("GET", f"/api/v1/workspaces/{workspace}/netdisk/sftp")["user"]


def offer_image(weir):
    """Puts an image of this host's busybox and Python into the list, as an official one: with a tool, so that environments take it."""
    import sqlite3

    with open("/tmp/weir-hostile-image.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if podman("image", "exists", IMAGE).returncode != 0:
            make_image()
    about = json.loads(podman("image", "inspect", IMAGE).stdout)[0]
    with contextlib.closing(sqlite3.connect(weir.folder / "data/weir.sqlite", timeout=30)) as connection, connection:
        connection.execute(
            "INSERT OR IGNORE INTO image (id, workspace, reference, digest, labels, size, created_at) VALUES (?, NULL, ?, ?, ?, ?, ?)",
            ("img_" + "0" * 26, IMAGE, "sha256:" + about["Id"], json.dumps(about["Labels"]), about["Size"], int(time.time() * 1000)))


def make_image():
    with tempfile.TemporaryDirectory(prefix="weir-hostile-image-") as folder:
        root = pathlib.Path(folder) / "root"
        for name in ("usr/bin", "usr/lib", "usr/lib64", "etc", "tmp", "root", "proc", "sys", "dev", "run", "var", "srv"):
            (root / name).mkdir(parents=True)
        for name in ("bin", "lib", "lib64"):
            (root / name).symlink_to("usr/" + name)
        shutil.copy("/bin/busybox", root / "usr/bin/busybox")
        for applet in subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True, check=True).stdout.split():
            if applet != "busybox":
                (root / "usr/bin" / applet).symlink_to("busybox")
        python = pathlib.Path("/usr/bin/python3").resolve()
        shutil.copy(python, root / "usr/bin/python3")
        library = pathlib.Path("/usr/lib") / python.name
        shutil.copytree(library, root / str(library)[1:], symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "test", "idlelib", "config-*"))
        modules = [str(python), *map(str, (library / "lib-dynload").glob("*.so"))]
        needed = subprocess.run(["ldd", *modules], capture_output=True, text=True).stdout
        for path in {word for word in needed.split() if word.startswith("/") and ".so" in word and not word.endswith(":")}:
            place = root / os.path.realpath(os.path.dirname(path))[1:] / os.path.basename(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                shutil.copy(os.path.realpath(path), place)
        loader = root / "usr/lib64/ld-linux-x86-64.so.2"
        if os.path.exists("/lib64/ld-linux-x86-64.so.2") and not loader.exists():
            shutil.copy(os.path.realpath("/lib64/ld-linux-x86-64.so.2"), loader)
        (root / "srv/index.html").write_text("a desk\n")
        (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")
        (root / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
        (root / "tmp").chmod(0o1777)
        subprocess.run(["tar", "-C", root, "--owner=0", "--group=0", "-cf", f"{folder}/image.tar", "."], check=True)
        changes = [
            'CMD ["sh"]', "ENV PATH=/usr/bin", "LABEL weir.tool.desk.command=httpd -f -p {port} -h /srv", "LABEL weir.tool.desk.port=8888",
            "LABEL weir.tool.desk.prefix=stripped", "LABEL weir.tool.desk.health=/",
        ]
        made = podman("import", *(word for change in changes for word in ("--change", change)), f"{folder}/image.tar", IMAGE)
        if made.returncode != 0:
            raise SystemExit("the image to attack from cannot be made: " + made.stderr)


@contextlib.contextmanager
def sftp(client, user):
    """paramiko's SFTP, which sends what it is told to."""
    connection = paramiko.SSHClient()
    connection.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    connection.connect(
        "127.0.0.1", client.weir.ssh_port, user, key_filename=str(client.key), allow_agent=False, look_for_keys=False, timeout=20)
    try:
        yield connection.open_sftp()
    finally:
        connection.close()


def as_nobody(*command):
    """Runs a command as another user of this machine."""
    return subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", "sh", "-c", 'exec "$0" "$@"', *command], capture_output=True, text=True, cwd="/")


def outcome(person, method, path, body=None, **more):
    """The status of an answer, and its code where it is an error."""
    try:
        person.call(method, path, body, **more)
    except Refused as refused:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return refused.status, json.loads(refused.body)["error"]["code"]
        return refused.status, None
    return 200, None


def exchange(address, sent, seconds=5):
    """All that a server says to these bytes, up to its end or until it is silent."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(sent)
            while part := connection.recv(65536):
                received += part
    return received


def response(received):
    """The status, the header's lines in lower case, and the body of the first answer."""
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split()[1]) if lines[0].startswith("HTTP/") else None
    return status, [line.lower() for line in lines[1:]], body


def entered(entry):
    """Follows an entry address: where the tool lives, and the cookie that opens it."""
    place = urllib.parse.urlsplit(entry)
    connection = http.client.HTTPConnection(place.netloc, timeout=20)
    with contextlib.closing(connection):
        connection.request("GET", place.path + ("?" + place.query if place.query else ""))
        answer = connection.getresponse()
        answer.read()
        if answer.status not in (302, 303, 307):
            raise SystemExit(f"the entry address answered with {answer.status}")
        cookie = "; ".join(value.split(";")[0] for value in answer.headers.get_all("Set-Cookie") or [])
        return urllib.parse.urljoin(entry, answer.headers["Location"]), cookie
