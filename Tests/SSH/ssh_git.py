"""Git over SSH into the code of a project."""

import os
import pathlib
import shlex
import shutil
import signal
import subprocess

from ssh_common import Client, check, narrow, processes, until
from ssh_folders import limit


def variables(client, *options):
    """What a person's git runs with."""
    shell = "ssh " + " ".join(shlex.quote(o) for o in client.options(*options))
    return {**os.environ, "GIT_SSH_COMMAND": shell, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8",
            "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}


class Work:
    """A project of its own with a first commit, and a person's clone of its code."""

    def __init__(self, client, person, workspace, name):
        self.client, self.folder = client, client.folder / name
        self.project = person.call("POST", f"/api/v1/workspaces/{workspace}/projects", {"name": name})["id"]
        lines = person.call("GET", f"/api/v1/projects/{self.project}/code/sftp")
        self.user, self.address = lines["user"], lines["git"].split()[2]
        self.code = client.weir.kept("projects", self.project) / "code"
        subprocess.run(["git", "init", "-q", "-b", "main", self.folder], check=True, env=variables(client))
        self.run("remote", "add", "origin", self.address)
        self.run("config", "core.compression", "0")
        self.commit("train.py", b"print(1)\n")
        answer = self.run("push", "-q", "origin", "main")
        check(f"a first push to {name}", answer.returncode == 0, answer)

    def run(self, *arguments, options=()):
        return subprocess.run(["git", *arguments], cwd=self.folder, env=variables(self.client, *options), capture_output=True, timeout=120)

    def commit(self, name, content):
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(content)
        self.run("add", ".")
        self.run("commit", "-qm", name)

    def incoming(self):
        """What git has received and not yet taken in."""
        return list((self.code / ".git/objects").glob("tmp_objdir-incoming-*"))

    def stored(self):
        """All that the code's repository and its working tree hold."""
        return {p.relative_to(self.code): p.read_bytes() for p in self.code.rglob("*") if p.is_file() and "/logs/" not in str(p)}

    def begin(self):
        """A push behind a narrow line, in its middle."""
        push = subprocess.Popen(
            ["git", "push", "-q", "origin", "main"], cwd=self.folder, env=variables(self.client, *narrow(self.client, 2 << 20)),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        packs = lambda: [p for folder in self.incoming() for p in folder.glob("pack/tmp_pack_*") if p.stat().st_size > 1 << 20]
        if not until(packs, 30):
            os.killpg(push.pid, signal.SIGKILL)
            raise SystemExit(f"FAILED: the push does not begin: {push.communicate()[1]!r}")
        return push


def git(client, person, operator, workspace, project):
    """Git over SSH into the code of a project (SSH-09)."""
    lines = person.call("GET", f"/api/v1/projects/{project}/code/sftp")
    port = client.weir.ssh_port
    address = lines["git"].split()[2]
    check("the address is one for git", address == f"ssh://{lines['user'].replace('@', '%40')}@127.0.0.1:{port}/", lines["git"])
    env = variables(client)
    shell = env["GIT_SSH_COMMAND"]
    code = client.weir.kept("projects", project) / "code"

    def run(*arguments, cwd=client.folder, **more):
        return subprocess.run(["git", *map(str, arguments)], cwd=cwd, env={**env, **more}, capture_output=True, timeout=120)

    # Another suite has put files there: they are taken away first, and put back at the end.
    aside = client.folder / "aside"
    aside.mkdir()
    for entry in code.iterdir() if code.exists() else []:
        shutil.move(entry, aside / entry.name)
    answer = run("clone", "-q", address, "early")
    check("code in which nothing stands is told, with what to do", answer.returncode != 0 and b"is no git repository" in answer.stderr
          and b"first push" in answer.stderr, answer)
    answer = run("clone", "-q", address, "early", LC_ALL="zh_CN.UTF-8", GIT_SSH_COMMAND=shell + " -o SendEnv=LC_ALL")
    check("in Chinese as well", "不是 Git 仓库".encode() in answer.stderr, answer)
    work = client.folder / "digits"
    run("init", "-q", "-b", "main", work)
    (work / "train.py").write_text("print(1)\n")
    (work / "big.bin").write_bytes(os.urandom(3 << 20))
    run("add", ".", cwd=work)
    run("commit", "-qm", "first", cwd=work)
    run("remote", "add", "origin", address, cwd=work)
    answer = run("push", "-q", "-u", "origin", "main", cwd=work)
    check("the first push makes it a repository", answer.returncode == 0 and (code / "train.py").read_text() == "print(1)\n", answer)
    check("whose files are root's, as in environments", all((code / p).lstat().st_uid == 0 for p in ("train.py", ".git", ".git/HEAD", ".git/refs/heads/main")))
    answer = run(*shlex.split(lines["git"])[1:3], "cloned")
    check("git clone brings it", answer.returncode == 0 and (client.folder / "cloned/big.bin").read_bytes() == (work / "big.bin").read_bytes(), answer)
    answer = run("-c", "protocol.version=2", "ls-remote", address + "gemini/code")
    check("by the path of environments too", b"refs/heads/main" in answer.stdout, answer)
    (work / "train.py").write_text("print(2)\n")
    run("commit", "-qam", "second", cwd=work)
    answer = run("push", "-q", cwd=work)
    check("a push changes the files of the code", answer.returncode == 0 and (code / "train.py").read_text() == "print(2)\n", answer)
    reflog = (code / ".git/logs/refs/heads/main").read_text().splitlines()[-1]
    check("and the reflog says whose it was", "ada <ada@weir>" in reflog, reflog)
    (code / "train.py").write_text("print('unsaved')\n")
    (work / "train.py").write_text("print(3)\n")
    run("commit", "-qam", "third", cwd=work)
    answer = run("push", "-q", cwd=work)
    check("what is not committed there is not written over", answer.returncode != 0 and b"unstaged changes" in answer.stderr
          and (code / "train.py").read_text() == "print('unsaved')\n", answer)
    subprocess.run(["git", "-C", code, "checkout", "-q", "train.py"], env={**env, "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}, check=True)
    answer = run("push", "-q", "origin", "main", "main:topic", cwd=work)
    check("several branches at once", answer.returncode == 0 and (code / "train.py").read_text() == "print(3)\n", answer)
    answer = run("fetch", "-q", "origin", cwd=client.folder / "cloned")
    check("git fetch", answer.returncode == 0 and b"topic" in run("branch", "-r", cwd=client.folder / "cloned").stdout, answer)
    answer = run("clone", "-q", "--depth", "1", "--filter=blob:none", address, "shallow")
    check("shallow and partial clones", answer.returncode == 0 and (client.folder / "shallow/train.py").exists(), answer)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", code / "mirror.git"], check=True)
    answer = run("push", "-q", address + "mirror.git", "main", cwd=work)
    check("a bare repository in a folder of the code", answer.returncode == 0 and b"refs/heads/main" in run("ls-remote", address + "mirror").stdout, answer)
    # 数据 in GBK, as an environment of another country names a folder.
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", code / os.fsdecode(b"\xca\xfd\xbe\xdd.git")], check=True)
    odd = address + r"gemini/code/\xCA\xFD\xBE\xDD.git"
    answer = run("push", "-q", odd, "main", cwd=work)
    check("a repository in a folder whose name is no text, by its escaped form", answer.returncode == 0
          and b"refs/heads/main" in run("ls-remote", odd).stdout, answer)
    shutil.rmtree(code / os.fsdecode(b"\xca\xfd\xbe\xdd.git"))
    answer = run("push", "-q", address + "nowhere", "main", cwd=work)
    check("a folder that is none is told", answer.returncode != 0 and b"/gemini/code/nowhere is no git repository" in answer.stderr, answer)
    for path in ("../../../../etc", "gemini/code/../..", "a;id"):
        answer = run("ls-remote", address + path)
        check(f"'{path}' leads nowhere", answer.returncode != 0 and b"root" not in answer.stdout, answer)
    check("there is no other command", b"git, sftp" in client.ssh(lines["user"], "id").stderr and client.ssh(lines["user"], "git-upload-archive '/'").returncode == 255)

    hostile = code / "hostile"
    hostile.write_text("#!/bin/sh\necho run > /gemini/code/ran\n")
    hostile.chmod(0o755)
    (code / "copy").write_bytes(pathlib.Path("/usr/bin/touch").read_bytes())
    (code / "copy").chmod(0o755)
    for hook in ("pre-receive", "update", "post-receive", "post-update", "push-to-checkout", "reference-transaction", "post-checkout", "pre-auto-gc"):
        (code / ".git/hooks").mkdir(exist_ok=True)
        (code / f".git/hooks/{hook}").write_text(hostile.read_text())
        (code / f".git/hooks/{hook}").chmod(0o755)
    (code / ".git/info").mkdir(exist_ok=True)
    (code / ".git/info/attributes").write_text("*.py filter=x\n")
    before = (code / ".git/config").read_text()
    (code / ".git/config").write_text(before + """[core]
\thooksPath = .git/hooks
\tfsmonitor = /gemini/code/hostile
\talternateRefsCommand = /gemini/code/hostile
[filter "x"]
\tclean = /gemini/code/copy
\tsmudge = /gemini/code/hostile
[uploadpack]
\tpackObjectsHook = /gemini/code/hostile
[alias]
\treceive-pack = !/gemini/code/hostile
""")
    (work / "train.py").write_text("print(4)\n")
    run("commit", "-qam", "fourth", cwd=work)
    answer = run("push", "-q", "origin", "main", cwd=work)
    run("clone", "-q", address, "hooked")
    check("no hook, filter or monitor of the repository runs", not (code / "ran").exists(), answer)
    check("and git goes on", answer.returncode == 0 and (code / "train.py").read_text() == "print(4)\n"
          and (client.folder / "hooked/train.py").exists(), answer)
    (code / ".git/config").write_text(before)
    (code / ".git/info/attributes").unlink()
    (code / ".git/objects/info").mkdir(exist_ok=True)
    (code / ".git/objects/info/alternates").write_text("/etc\n/proc/self/root\n../../../../../../..\n")
    answer = run("ls-remote", address)
    check("alternates lead nowhere", answer.returncode == 0, answer)
    (code / ".git/objects/info/alternates").unlink()

    amount = "-" + person.call("GET", f"/api/v1/workspaces/{workspace}/balance")["balance"]
    correct = lambda amount, key: operator.call("POST", f"/api/v1/workspaces/{workspace}/corrections",
                                                {"amount": amount, "counter": "payments", "note": "test"}, {"Idempotency-Key": key})
    correct(amount, "git-used-up")
    (work / "train.py").write_text("print(5)\n")
    run("commit", "-qam", "fifth", cwd=work)
    answer = run("push", "-q", "origin", "main", cwd=work)
    check("while the balance is used up nothing is pushed, and the client shows why", answer.returncode != 0 and b"used up" in answer.stderr, answer)
    check("but cloned", run("clone", "-q", address, "poor").returncode == 0)
    correct(amount[1:], "git-again")
    other = client.weir.another(operator, "eve")
    stranger = Client(client.weir, other, client.folder / "eve", "eve")
    stranger.add_key()
    answer = run("ls-remote", address.replace("ada%40", "eve%40"), GIT_SSH_COMMAND="ssh " + " ".join(shlex.quote(o) for o in stranger.options()))
    check("who is no member reads nothing", answer.returncode != 0 and b"denied" in answer.stderr.lower(), answer)
    pushing = subprocess.Popen(["ssh", *client.options(), "-p", str(port), f"{lines['user']}@127.0.0.1", "git-receive-pack '/'"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    pushing.stdout.read(4)
    check("a push under way has a process", processes(client.weir))
    pushing.kill()
    pushing.wait()
    check("and leaves none", until(lambda: not processes(client.weir), 15), processes(client.weir))
    check("the sandbox leaves no mount", str(code) not in pathlib.Path("/proc/self/mounts").read_text())
    answer = run("push", "-q", "origin", "main", cwd=work)
    check("and a push goes on", answer.returncode == 0 and (code / "train.py").read_text() == "print(5)\n", answer)
    for entry in aside.iterdir():
        shutil.move(entry, code / entry.name)


def git_cuts(client, person, operator, workspace):
    """Pushes that are cut off in the middle leave nothing half-stored and no process (SSH-09)."""
    work = Work(client, person, workspace, "cuts")
    # Of more than a hundred objects git keeps the pack as it came.
    for i in range(150):
        (work.folder / f"{i}.txt").write_text(str(i))
    work.commit("big.bin", os.urandom(48 << 20))
    before = work.stored()

    def nothing_came(what):
        check(f"{what}: no process is left", until(lambda: not processes(client.weir), 20), processes(client.weir))
        check(f"{what}: nothing is half-stored", work.stored() == before and not work.incoming(),
              [str(p) for p in work.stored().keys() ^ before.keys()])

    balance = person.call("GET", f"/api/v1/workspaces/{workspace}/balance")["balance"]
    correct = lambda amount, key: operator.call("POST", f"/api/v1/workspaces/{workspace}/corrections",
                                                {"amount": amount, "counter": "payments", "note": "test"}, {"Idempotency-Key": key})
    push = work.begin()
    correct("-" + balance, "cut-off")
    _, errors = push.communicate(timeout=30)
    check("a push ends with the line that says why when the money is gone", push.returncode != 0 and b"used up" in errors, errors)
    nothing_came("arrears")
    correct(balance, "cut-off-again")

    limit(operator, workspace, 8 << 20)
    push = work.begin()
    _, errors = push.communicate(timeout=30)
    check("as well when the quota of storage is reached", push.returncode != 0 and b"quota" in errors, errors)
    limit(operator, workspace, None)
    nothing_came("quota")

    push = work.begin()
    os.killpg(push.pid, signal.SIGKILL)
    push.communicate()
    nothing_came("a client that vanishes")

    push = work.begin()
    client.weir.process.kill()
    client.weir.process.wait()
    _, errors = push.communicate(timeout=30)
    check("when the gateway is killed the client is told", push.returncode != 0, errors)
    sandboxes = lambda: [l for l in subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True).stdout.splitlines()
                         if "bwrap" in l and work.project in l]
    check("and the sandbox ends with it", until(lambda: not sandboxes()), sandboxes())
    left = work.incoming()
    client.weir.start()
    kept = {p: c for p, c in work.stored().items() if "tmp_objdir-incoming-" not in str(p)}
    check("what came until then is in no branch", left and kept == before, left)
    answer = work.run("push", "-q", "origin", "main")
    check("and the next push takes it away, and goes through", answer.returncode == 0 and not work.incoming()
          and (work.code / "big.bin").read_bytes() == (work.folder / "big.bin").read_bytes(), answer)


def git_limits(client, person, workspace):
    """What a repository and its pushers can make the host do."""
    work = Work(client, person, workspace, "limits")
    weir = client.weir.process.pid
    answer = work.run("archive", f"--remote={work.address}", "main")
    check("git archive --remote is refused in plain words", answer.returncode != 0 and answer.stderr.count(b"weir:") == 1
          and b"git archive --remote is not offered" in answer.stderr, answer)
    for command in ("git-lfs-authenticate digits download", "git-lfs-transfer digits upload"):
        answer = client.ssh(work.user, command)
        check(f"{command.split()[0]} as well", answer.returncode == 255 and answer.stderr.startswith(b"weir: Git LFS is not offered."), answer)
    for command in ("git", "git --version", "git-shell -c x", "git-receive-pack", "git-upload-pack '/' ; id", "hg -R / serve --stdio",
                    "svnserve -t", "rsync --server . /", "scp -t /", "sh", "env git-upload-pack '/'", "git-upload-pack --help"):
        answer = client.ssh(work.user, command)
        check(f"'{command}' is no command", answer.returncode == 255 and not answer.stdout and answer.stderr.startswith(b"weir: ")
              and answer.stderr.count(b"\n") == 1, answer)

    def open_one(command="git-receive-pack '/'"):
        return subprocess.Popen(["ssh", *client.options(), "-p", str(client.weir.ssh_port), f"{work.user}@127.0.0.1", command],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    held = open_one()
    held.stdout.read(4)
    git = [p for p in below(weir) if name(p) == "git"]
    limits = dict(line.split("  ", 1) for line in pathlib.Path(f"/proc/{git[0]}/limits").read_text().splitlines() if "  " in line)
    first = lambda key: limits[key].split()[0]
    check("git has limits of memory, time, files and cores", [first("Max address space"), first("Max cpu time"), first("Max open files"),
          first("Max core file size")] == [str(4 << 30), "3600", "256", "0"], limits)
    status = pathlib.Path(f"/proc/{git[0]}/status").read_text()
    check("and no privileges", all(f"{key}:\t{value}" in status for key, value in (
        ("CapEff", "0" * 16), ("CapPrm", "0" * 16), ("CapBnd", "0" * 16), ("NoNewPrivs", "1"))), status)
    spaces = [kind for kind in ("net", "pid", "mnt", "ipc", "uts")
              if os.readlink(f"/proc/{git[0]}/ns/{kind}") == os.readlink(f"/proc/self/ns/{kind}")]
    check("no network and no process of the host", not spaces, spaces)
    around = [pathlib.Path(f"/proc/{p}/cmdline").read_bytes().split(b"\0") for p in below(weir) if name(p) == "timeout"]
    check("and ends after six hours by the clock", around and b"21600" in around[0], around)
    held.kill()
    held.wait()
    check("of that nothing is left", until(lambda: not processes(client.weir), 15), processes(client.weir))

    (work.code / ".git/config").rename(work.code / ".git/config.kept")
    os.mkfifo(work.code / ".git/config")
    stuck = open_one("git-upload-pack '/'")
    check("a repository that makes git wait forever", until(lambda: processes(client.weir)))
    stuck.kill()
    stuck.wait()
    check("is left when its client leaves", until(lambda: not processes(client.weir), 15), processes(client.weir))
    (work.code / ".git/config").unlink()
    (work.code / ".git/config.kept").rename(work.code / ".git/config")

    crowd = [open_one("git-upload-pack '/'") for _ in range(8)]
    for one in crowd:
        one.stdout.read(4)
    answer = client.ssh(work.user, "git-upload-pack '/'")
    check("a person has eight clones and pushes at once", answer.returncode == 255 and b"Too many clones" in answer.stderr, answer)
    for one in crowd:
        one.kill()
        one.wait()
    check("and then again", until(lambda: work.run("ls-remote", work.address).returncode == 0))

    # Each of these has git work with many threads or processes, or run something on its own.
    with open(work.code / ".git/config", "a") as config:
        config.write("[checkout]\n\tworkers = 64\n\tthresholdForParallelism = 0\n[pack]\n\tthreads = 64\n[index]\n\tthreads = 64\n"
                     "[core]\n\tpreloadIndex = true\n[gc]\n\tauto = 1\n\tautoDetach = true\n[receive]\n\tunpackLimit = 1\n"
                     "[alias]\n\tindex-pack = !:(){ :|:& };:\n")
    for i in range(3000):
        (work.folder / f"many/{i // 100}").mkdir(parents=True, exist_ok=True)
        (work.folder / f"many/{i // 100}/{i}").write_text(f"{i}\n" * 50)
    work.run("add", ".")
    work.run("commit", "-qm", "many")
    push = subprocess.Popen(["git", "push", "-q", "origin", "main"], cwd=work.folder, env=variables(client), stderr=subprocess.PIPE)
    most = 0
    while push.poll() is None:
        most = max(most, sum(len(tasks(p)) for p in below(weir)))
    answer = push.communicate()[1]
    check("whatever the repository asks for", push.returncode == 0 and (work.code / "many/29/2999").exists(), answer)
    check(f"it takes a handful of processes and threads ({most})", 0 < most <= 16, most)


def name(process):
    try:
        return pathlib.Path(f"/proc/{process}/comm").read_text().strip()
    except OSError:
        return ""


def tasks(process):
    try:
        return os.listdir(f"/proc/{process}/task")
    except OSError:
        return []


def below(process):
    """The processes of sandboxes that a process has started, and what these have."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = pathlib.Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            children.setdefault(int(fields.rsplit(")", 1)[1].split()[1]), []).append(int(entry))
    found, waiting = [], [c for c in children.get(process, []) if name(c) == "bwrap"]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found
