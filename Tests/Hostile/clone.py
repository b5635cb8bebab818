"""The server connects nowhere for a tenant (hostile 4, hostile C6): what is asked of `code/clone`, and what a repository brings along."""

import base64
import concurrent.futures
import contextlib
import http.server
import json
import os
import pathlib
import socket
import ssl
import subprocess
import threading
import time

from hostile_common import IMAGE, Refused, check, sftp, tenants
from ssh_git import Work

TOKEN = "tok-5ecret-of-ada-0123456789"


class Listener:
    """Counts who connects, on every address of this machine, and says nothing."""

    def __init__(self):
        self.came = []
        self.socket = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True, backlog=200)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        with contextlib.suppress(OSError):
            while True:
                connection, place = self.socket.accept()
                self.came.append(place)
                connection.close()


class Repositories(http.server.BaseHTTPRequestHandler):
    """git's own server behind TLS: `/open/…` for everybody, `/closed/…` by TOKEN; and paths that lead elsewhere."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        server = self.server
        path, _, query = self.path.partition("?")
        if path.startswith("/moved/"):
            return self.answer(302, Location=f"https://localhost:{server.elsewhere}{path}")
        if path.startswith("/dumb/"):
            if path.endswith("/objects/info/http-alternates"):
                return self.answer(200, f"https://localhost:{server.elsewhere}/objects/\n".encode())
            file = server.folder / "open" / path.removeprefix("/dumb/")
            if file.is_file() and "/objects/" not in path.replace("/objects/info/", "/"):
                return self.answer(200, file.read_bytes())
            return self.answer(404)
        if path.startswith("/page/"):
            return self.answer(200, b"<html>no repository</html>", Content_Type="text/html")
        if path.startswith("/slow/"):
            server.asked.set()
            server.go.wait(20)
            path = path.replace("/slow/", "/closed/", 1)
        if path.startswith("/closed/"):
            expected = "Basic " + base64.b64encode(f"ada:{TOKEN}".encode()).decode()
            if self.headers.get("Authorization") != expected:
                return self.answer(401, WWW_Authenticate='Basic realm="x"')
            path = path.replace("/closed/", "/open/", 1)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        made = subprocess.run(
            ["git", "http-backend"], input=body, capture_output=True,
            env={
                "GIT_PROJECT_ROOT": str(server.folder), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query, "HOME": "/nonexistent",
                "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(length),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""), "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "PATH": os.environ["PATH"], "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
            })
        head, _, content = made.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = int(fields.pop("Status", "200").split()[0])
        self.answer(status, content, **{name.replace("-", "_"): value for name, value in fields.items()})

    do_POST = do_GET


def certificates(folder):
    """An authority of the site's own, and a certificate for localhost."""
    run = lambda *words: subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)
    run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj",
        "/CN=site", "-days", "2")
    run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj",
        "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    run("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.pem", "-days", "2", "-extfile",
        "names")
    (folder / "ca.pem").chmod(0o644)


def repositories(folder, elsewhere):
    """Good ones, and those that bring along what would run or lead elsewhere."""
    script = f"""
        set -e
        export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b HOME=/nonexistent
        make() {{ git init -q -b main "$1"; cd "$1"; echo 'print(1)' > main.py; git add -A; git commit -qm first; }}
        mkdir work open
        (make work/code)
        (make work/wild
            printf '*.bin filter=evil diff=evil merge=evil\\n*.txt filter=lfs\\n' > .gitattributes; echo x > a.bin; echo y > b.txt
            printf '[lfs]\\n\\turl = https://localhost:{elsewhere}/lfs\\n' > .lfsconfig
            mkdir hooks; printf '#!/bin/sh\\ntouch /tmp/weir-hook-{elsewhere}\\n' > hooks/post-checkout; chmod 755 hooks/post-checkout
            printf '[core]\\n\\tfsmonitor = touch /tmp/weir-hook-{elsewhere}\\n\\thooksPath = hooks\\n' > .gitconfig
            printf '[submodule "s"]\\n\\tpath = s\\n\\turl = https://localhost:{elsewhere}/s.git\\n' > .gitmodules
            git add -A; git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),s; git commit -qm wild)
        for name in code wild; do git clone -q --bare work/$name open/$name.git; git -C open/$name.git update-server-info; done
        chmod -R a+rX .
        """
    subprocess.run(["bash", "-c", script], check=True, cwd=folder, capture_output=True)


def served(folder, elsewhere):
    certificates(folder)
    repositories(folder, elsewhere)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Repositories)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.folder, server.elsewhere, server.asked, server.go = folder, elsewhere, threading.Event(), threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def clone(person, project, url, **more):
    """Status, code, message and seconds; (204, None, None, …) where it was cloned."""
    begun = time.monotonic()
    try:
        person.call("POST", f"/api/v1/projects/{project}/code/clone", {"url": url, **more})
        return 204, None, None, time.monotonic() - begun
    except Refused as refused:
        error = json.loads(refused.body)["error"]
        return refused.status, error["code"], error["message"], time.monotonic() - begun


def inside(world, project):
    """What lies in the code, and what git says of it."""
    return world.weir.kept("projects", project) / "code"


def refusals(world, project, listener, server):
    """Addresses of this machine, under every name: nothing comes to a listener, and all answers are one (hostile 4)."""
    words = subprocess.run(["ip", "-o", "a"], capture_output=True, text=True).stdout.split()
    own = [word.split("/")[0] for word, before in zip(words[1:], words) if before in ("inet", "inet6")]
    hosts = {f"[{host}]" if ":" in host else host for host in own if not host.startswith("fe80")}
    hosts |= {"127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "ip6-localhost", socket.gethostname(), "10.99.99.99", "169.254.169.254"}
    urls = [f"https://{host}:{listener.port}/a" for host in sorted(hosts)]
    urls += [f"https://localhost:{listener.port}/a", "https://localhost:1/a", "https://no.such.host.invalid/a"]
    urls += [f"https://localhost:{server.server_port}/{path}" for path in ("page/a", "open/absent.git", "closed/code.git", "moved/code.git")]
    before = len(listener.came)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda entry: clone(world.alice, project, entry[1], into=f"never{entry[0]}"), enumerate(urls)))
    check("refused, closed, no TLS, no repository, moved, asking for a password: one answer (hostile 4)",
          {answer[:3] for answer in answers} == {answers[0][:3]} and answers[0][:2] == (400, "git_unreachable"),
          [(url, answer) for url, answer in zip(urls, answers) if answer[:2] != (400, "git_unreachable")])
    check("and none before two seconds", all(answer[3] > 1.9 for answer in answers), [answer[3] for answer in answers])
    # The one host that the configuration allows is localhost by name: three of its addresses lead to the listener.
    came = len(listener.came) - before
    check("nothing came to a listener by any other name or address", came <= 1, listener.came)
    for url in ("http://localhost/a", "file:///etc", "ssh://localhost/a", "ext::sh -c id", "git://localhost/a", "https://0x7f.1/a", "https://2130706433/a",
                "https://localhost/a?private_token=x"):
        answer = clone(world.alice, project, url, into="never")
        check(f"{url} is no address to clone from", answer[:2] == (400, "bad_git_address"), answer)
    check("the log tells the operator why", "A clone failed" in (world.weir.folder / "serve.log").read_text())


def tenants_apart(world, project):
    """Another tenant's container is no host to clone from."""
    theirs = world.project(world.bob, world.b)
    program = "\n".join([
        "import socket, time", "s = socket.create_server(('0.0.0.0', 9999))", "print('at', socket.gethostbyname(socket.gethostname()), flush=True)",
        "s.settimeout(12)", "try: s.accept(); print('came', flush=True)", "except TimeoutError: print('alone', flush=True)"])
    made = world.bob.call("POST", f"/api/v1/projects/{theirs}/jobs", {
        "name": "listen", "image": IMAGE, "flavor": "small", "command": f"python3 -c \"{program}\""})["id"]
    world.bob.wait(made, "running", "completed")
    deadline = time.monotonic() + 10
    while "at " not in (log := world.log(world.bob, made)) and time.monotonic() < deadline:
        time.sleep(0.2)
    address = log.split()[1]
    answers = [clone(world.alice, project, f"https://{host}:9999/a", into="never") for host in (address, "127.0.0.1")]
    check("a container of another tenant looks like nothing", answers[0][:3] == answers[1][:3], answers)
    world.bob.wait(made, "completed", "failed")
    check("and was not connected to (hostile 4)", "alone" in world.log(world.bob, made), world.log(world.bob, made))


def content(world, project, server, listener):
    """What is in a repository runs nothing, and leads nowhere."""
    base = f"https://localhost:{server.server_port}"
    before = len(listener.came)
    check("a repository of a host that the operator allows, under the site's own authority, is cloned",
          clone(world.alice, project, f"{base}/open/code.git", into="code")[0] == 204)
    check("one with filters, LFS, submodules, hooks and configuration, too",
          clone(world.alice, project, f"{base}/open/wild.git", into="wild")[0] == 204)
    code = inside(world, project)
    check("as it is", (code / "wild/b.txt").read_text() == "y\n" and not list((code / "wild/.git/hooks").glob("*")) and not (code / "wild/s/.git").exists())
    clone(world.alice, project, f"{base}/dumb/code.git", into="dumb")
    check("nothing of it connects elsewhere: no submodule, LFS, redirect or alternates", len(listener.came) == before, listener.came[before:])
    check("nothing of it ran", not pathlib.Path(f"/tmp/weir-hook-{listener.port}").exists())
    answer = clone(world.alice, project, f"{base}/open/code.git", into="branch", branch="none")
    check("a branch that is not there is told", answer[:2] == (400, "git_failed") and "none" in answer[2], answer)


def secrets(world, project, server):
    """Who reads a private repository stays nowhere."""
    address = f"https://ada:{TOKEN}@localhost:{server.server_port}"
    answer = {}
    asking = threading.Thread(target=lambda: answer.update(seen=clone(world.alice, project, f"{address}/slow/code.git", into="secret")))
    asking.start()
    check("it is asked for", server.asked.wait(20))
    lines = [pathlib.Path(path).read_bytes() for path in map("/proc/{}/cmdline".format, filter(str.isdigit, os.listdir("/proc"))) if readable(path)]
    check("no process shows it in its arguments meanwhile", not any(TOKEN.encode() in line for line in lines))
    server.go.set()
    asking.join()
    check("a private repository is cloned by what stands in the address", answer["seen"][0] == 204, answer)
    check("or beside it", clone(world.alice, project, f"https://localhost:{server.server_port}/closed/code.git", into="beside", user="ada",
                                password=TOKEN)[0] == 204)
    clone(world.alice, project, f"{address}/open/absent.git", into="never")
    clone(world.alice, project, f"{address}/open/code.git", into="secret")
    config = (inside(world, project) / "secret/.git/config").read_text()
    check("the clone's remote is the address without it", f"url = https://localhost:{server.server_port}/slow/code.git" in config, config)
    found = subprocess.run(["grep", "-rlF", TOKEN, world.weir.folder], capture_output=True, text=True).stdout.split()
    check("nothing that Weir keeps has it: no file, database or log", not found, found)


def readable(path):
    try:
        pathlib.Path(path).read_bytes()
        return True
    except OSError:
        return False


def left_behind(world, listener):
    """A repository in the code with hooks and a configuration that runs programs, reached by git over SSH."""
    client = world.client(world.alice)
    work = Work(client, world.alice, world.a, "hooked")
    mark = f"/tmp/weir-hook-{listener.port}"
    run = f"sh -c 'echo ran > {mark}; echo ran > ran'"
    with sftp(client, work.user) as files:
        place = "/upload/.git"
        with contextlib.suppress(OSError):
            files.mkdir(f"{place}/hooks")
        for name in ("pre-receive", "update", "post-receive", "post-update", "reference-transaction", "proc-receive", "push-to-checkout"):
            with files.open(f"{place}/hooks/{name}", "w") as file:
                file.write(f"#!/bin/sh\n{run}\n")
            files.chmod(f"{place}/hooks/{name}", 0o755)
        with files.open(f"{place}/config", "a") as file:
            file.write(
                f'[core]\n\tfsmonitor = "{run}"\n\tsshCommand = "{run}"\n\talternateRefsCommand = "{run}"\n\thooksPath = /upload/.git/hooks\n'
                f'[uploadpack]\n\tpackObjectsHook = "{run}"\n[receive]\n\tdenyCurrentBranch = updateInstead\n[gc]\n\trecentObjectsHook = "{run}"\n'
                f'[filter "evil"]\n\tsmudge = "{run}"\n\tclean = "{run}"\n[diff "evil"]\n\ttextconv = "{run}"\n')
    work.commit(".gitattributes", b"* filter=evil diff=evil\n")
    pushed = [work.run("push", "-q", "origin", branch) for branch in ("main", "main:side")]
    fetched = work.run("fetch", "-q", "origin")
    check("a repository with hooks in the code is read by git over SSH", fetched.returncode == 0, (pushed, fetched))
    check("its hooks, filters and configuration run no program on this host", not os.path.exists(mark))
    ran = [str(path) for path in work.code.rglob("ran")]
    check("nor in the sandbox that serves it", not ran, ran)


def configure(folder):
    site = folder / "site"
    site.mkdir()
    site.chmod(0o755)
    with open(folder / "weir.yaml", "a") as file:
        file.write('git: { private_hosts: "localhost", answer_time: 2s }\n')
    text = (folder / "weir.yaml").read_text().replace("engine: {", f"engine: {{ ca_bundle: {site}/ca.pem,")
    (folder / "weir.yaml").write_text(text)
    configure.server = served(site, configure.listener.port)


def main():
    configure.listener = listener = Listener()
    with tenants(before=configure) as world:
        server = configure.server
        project = world.project(world.alice, world.a)
        content(world, project, server, listener)
        secrets(world, project, server)
        refusals(world, project, listener, server)
        left_behind(world, listener)
        tenants_apart(world, project)
    pathlib.Path(f"/tmp/weir-hook-{listener.port}").unlink(missing_ok=True)
    print("clone: all held")


if __name__ == "__main__":
    main()
