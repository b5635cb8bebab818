"""Real clients against the SSH gateway of a real Weir on real Podman."""

import asyncio
import os
import pathlib
import pty
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

import asyncssh
import paramiko
from running_weir import NOTEBOOK, Weir
from ssh_common import Client, check, processes, until
from ssh_faults import faults, full, hostile
from ssh_folders import arrears, quota, uploads
from ssh_git import git, git_cuts, git_limits
from ssh_vscode import Window, vscode

SECRET = "three rivers and a weir"


def login(client, user, stranger):
    """Keys, passwords, probes, locks (SSH-03 to SSH-05, X09)."""
    port = client.weir.ssh_port
    scanned = subprocess.run(["ssh-keyscan", "-p", str(port), "127.0.0.1"], capture_output=True, text=True, timeout=30).stdout
    known = {line.split()[2] for line in client.known.read_text().splitlines()}
    check("ssh-keyscan finds the keys that the API shows", {l.split()[2] for l in scanned.splitlines() if l} == known, scanned)

    refused = client.ssh(user, "true")
    check("a key that was not added does not let in", refused.returncode == 255 and b"denied" in refused.stderr, refused)
    client.add_key()
    answer = client.ssh(user, "echo in")
    check("a key lets in at once, in a running environment (SSH-04)", answer.stdout == b"in\n", answer)
    check("the key shows when it was used", client.person.call("GET", "/api/v1/ssh/keys")["items"][0]["used_at"] is not None)

    client.person.call("PUT", "/api/v1/ssh/password", {"password": SECRET})

    def by_password(name, secret):
        connection = paramiko.SSHClient()
        connection.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        connection.connect("127.0.0.1", port, name, secret, allow_agent=False, look_for_keys=False, timeout=20, auth_timeout=20)
        return connection

    connection = by_password(user, SECRET)
    _, out, _ = connection.exec_command("id -un")
    check("paramiko enters by the password (SSH-03)", out.read() == b"root\n")
    connection.close()

    def refusal(name, secret):
        begun = time.monotonic()
        try:
            by_password(name, secret).close()
            return None, time.monotonic() - begun
        except paramiko.AuthenticationException as error:
            return str(error), time.monotonic() - begun

    wrong, nobody = [], []
    strange = re.sub("ssh-[0-9a-f]{32}", "ssh-" + "0" * 32, user)
    for _ in range(3):
        wrong.append(refusal(user, "wrong"))
        nobody.append(refusal(strange, "wrong"))
    check("a wrong password and an unknown name get the same answer", {w[0] for w in wrong} == {n[0] for n in nobody}, (wrong, nobody))
    # Nearly all of it is the password's hash, which an answer without it would lack; a busy machine takes its time for either.
    known, unknown = min(w[1] for w in wrong), min(n[1] for n in nobody)
    check("after the same work", 0.5 < known / unknown < 2, (wrong, nobody))
    check("success ends the count", refusal(user, SECRET)[0] is None)
    for _ in range(5):
        refusal(user, "wrong")
    check("five failures in a row lock (SSH-05)", refusal(user, SECRET)[0] is not None)
    check("keys as well (X09)", client.ssh(user, "true").returncode == 255)
    check("and a probe says nothing of it", stranger.ssh(user, "true").returncode == 255)
    outcomes = [a["outcome"] for a in client.person.call("GET", "/api/v1/ssh/attempts")["items"]]
    check("attempts are recorded", {"accepted", "refused", "locked"} <= set(outcomes), outcomes)
    client.person.call("PUT", "/api/v1/ssh/password", {"password": SECRET})
    check("a new password ends the lock", refusal(user, SECRET)[0] is None)
    fresh = client.folder / "wrong"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", fresh], check=True)
    many = [f"-i{client.folder}/k{i}" for i in range(6)]
    for name in many:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", name[2:]], check=True)
    answer = client.ssh(user, "echo in", options=[*many])
    check("six other keys before the right one are only asked about", answer.stdout == b"in\n", answer)
    for _ in range(5):
        subprocess.run(
            ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={client.known}", "-o",
             "IdentitiesOnly=yes", "-i", fresh, "-p", str(port), f"{user}@127.0.0.1", "true"], capture_output=True)
    check("five logins with wrong keys alone lock too (X09)", client.ssh(user, "true").returncode == 255)
    client.person.call("PUT", "/api/v1/ssh/password", {"password": SECRET})

    for kind, bits in (("ecdsa", "256"), ("rsa", "3072")):
        key = client.folder / kind
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-f", key], check=True)
        client.person.call("POST", "/api/v1/ssh/keys", {"public_key": key.with_suffix(".pub").read_text().strip()})
        answer = subprocess.run(
            ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={client.known}", "-o",
             "IdentitiesOnly=yes", "-i", key, "-p", str(port), f"{user}@127.0.0.1", "echo in"], capture_output=True)
        check(f"{kind} keys let in", answer.stdout == b"in\n", answer)
    weak = client.folder / "weak"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", weak], check=True)
    check("RSA of 2048 bits is not taken", client.person.refusal(
        "POST", "/api/v1/ssh/keys", {"public_key": weak.with_suffix(".pub").read_text().strip()}) == 400)


def sessions(client, user):
    """What a session can do."""
    answer = client.ssh(user, "echo out; echo err >&2; exit 7")
    check("output, errors and the exit status come apart", (answer.stdout, answer.stderr, answer.returncode) == (b"out\n", b"err\n", 7), answer)
    answer = client.ssh(user, "pwd; id -un; ls -d /gemini/code; cat /proc/self/cgroup | head -1")
    check("a command runs as root in the project's code", answer.stdout.startswith(b"/gemini/code\nroot\n/gemini/code\n"), answer)
    data = os.urandom(3 << 20)
    answer = client.ssh(user, "cat", input=data)
    check("three MiB go there and back", answer.stdout == data, len(answer.stdout))
    answer = client.ssh(user, "sleep 0.2; cat >/dev/null; echo read")
    check("the end of the input is seen", answer.stdout == b"read\n", answer)
    answer = client.ssh(user, "head -c 20000000 /dev/zero | tee /dev/stderr | wc -c; :")
    check("much on both streams at once", answer.stdout == b"20000000\n" and len(answer.stderr) == 20000000, (answer.stdout, len(answer.stderr)))
    answer = client.ssh(user, "sleep 60 & echo left")
    check("what runs on in the background is not waited for", answer.stdout == b"left\n", answer)
    answer = client.ssh(user, "echo $LC_TEST-$LD_PRELOAD-$PATH", options=["-o", "SetEnv=LC_TEST=yes LD_PRELOAD=no"])
    check("the variables of a short list pass, others do not", answer.stdout.startswith(b"yes--/"), answer)
    for status in (0, 1, 128, 129, 143, 192, 255):
        answer = client.ssh(user, f"exit {status}")
        check(f"the exit status {status} is told as it is", answer.returncode == status, answer)
    answer = client.ssh(user, "kill -TERM $$")
    check("a command that is killed ends as a shell tells it: 128 and the signal", answer.returncode == 143, answer)
    # The first process of the container is the parent of the tool that a browser shows.
    look = ("look() { cat /proc/$1/mountinfo /proc/$1/cgroup /proc/$1/limits; grep -E '^(Cap|NoNewPrivs|Seccomp:|Uid|Gid|Groups)' /proc/$1/status; "
            "readlink /proc/$1/root; for s in mnt net pid ipc uts cgroup user; do readlink /proc/$1/ns/$s; done; }; "
            "echo \"$(look 1)\" > /tmp/tool; echo \"$(look $$)\" > /tmp/own; diff /tmp/tool /tmp/own && cat /tmp/own")
    answer = client.ssh(user, look)
    check("a session has the root, mounts, namespaces, cgroup, limits, capabilities and filter of the tools in the browser",
          answer.returncode == 0 and b"NoNewPrivs:\t1" in answer.stdout and b"Seccomp:\t2" in answer.stdout and answer.stdout.count(b":[") == 7,
          answer)
    answer = client.ssh(user, "tr '\\0' '\\n' < /proc/1/environ | grep -vE '^(HOME|PATH|TERM|container)=' | sort > /tmp/tool; "
                        "env | sort > /tmp/own; comm -23 /tmp/tool /tmp/own; echo \"$WEIR_NAME $WEIR_KIND\"")
    check("and its variables, those of its devices too", answer.stdout == b"lab environment\n", answer)
    answer = client.ssh(user, "python3 -c 'len(bytearray(1500 << 20))'; echo $?")
    check("and no more memory than its flavor", answer.stdout in (b"137\n", b"1\n") and client.ssh(user, "echo on").stdout == b"on\n", answer)
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(client.folder / "agent")], stdout=subprocess.DEVNULL)
    until((client.folder / "agent").exists)
    answer = client.ssh(user, "echo agent:$SSH_AUTH_SOCK", options=["-A"], env={**os.environ, "SSH_AUTH_SOCK": str(client.folder / "agent")})
    check("an agent is not carried in", answer.stdout == b"agent:\n", answer)
    agent.terminate()
    agent.wait()

    async def asynchronous():
        async with asyncssh.connect("127.0.0.1", client.weir.ssh_port, username=user, known_hosts=str(client.known),
                                    client_keys=[str(client.key)], config=None) as connection:
            process = await connection.create_process("trap 'echo caught; exit 3' USR1; echo ready; while :; do sleep 0.05; done")
            await process.stdout.readline()
            process.send_signal("USR1")
            rest = await asyncio.wait_for(process.wait(), 20)
            check("asyncssh: a signal reaches the command", rest.exit_status == 3 and "caught" in rest.stdout, rest)
            process = await connection.create_process("kill -TERM $$")
            ended = await asyncio.wait_for(process.wait(), 20)
            check("asyncssh: the signal that ended it is told as 128 and its number", ended.exit_status == 143, ended)
            many = await asyncio.gather(*[connection.run(f"echo {i}; exit {i}") for i in range(20)])
            check("twenty commands on one connection", [(m.stdout.strip(), m.exit_status) for m in many] == [(str(i), i) for i in range(20)])
            async with connection.start_sftp_client() as sftp:
                await sftp.chdir("/gemini/code")
                async with sftp.open("asy.txt", "w") as file:
                    await file.write("from asyncssh")
                check("asyncssh: a file by SFTP", await sftp.getsize("asy.txt") == 13)
            try:
                await connection.forward_remote_port("", 0, "127.0.0.1", 1)
                check("remote forwarding is refused", False)
            except asyncssh.ChannelListenError:
                check("remote forwarding is refused", True)
            told = await connection.run("true")
            check("and the person is told why", "Remote forwarding" in told.stderr, told.stderr)

    asyncio.run(asynchronous())
    remote(client, user)


def remote(client, user):
    """`ssh -R` and sockets by path are refused, and that is said at once."""
    def line_of(process, mark, seconds=15):
        seen = b""
        deadline = time.monotonic() + seconds
        while mark not in seen and time.monotonic() < deadline:
            if select.select([process.stderr], [], [], 0.2)[0]:
                part = os.read(process.stderr.fileno(), 4096)
                if not part:
                    break
                seen += part
        return seen

    there = ["-p", str(client.weir.ssh_port), f"{user}@127.0.0.1"]
    running = subprocess.Popen(["ssh", *client.options("-R", "9999:127.0.0.1:1"), *there, "exec sleep 1000"], stderr=subprocess.PIPE)
    seen = line_of(running, b"ssh -L")
    check("ssh -R with a command shows at once why it is refused", b"weir: Remote forwarding" in seen and running.poll() is None, seen)
    running.kill()
    running.wait()
    control = client.folder / "control"
    master = subprocess.Popen(["ssh", *client.options("-M", "-S", str(control)), *there, "echo in; exec sleep 1000"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
    master.stdout.readline()
    subprocess.run(["ssh", "-F", "none", "-S", str(control), "-O", "forward", "-R", "9998:127.0.0.1:1", *there], capture_output=True, timeout=20)
    seen = line_of(master, b"ssh -L")
    check("in the middle of a session as well", b"weir: Remote forwarding" in seen and seen.count(b"weir:") == 1, seen)
    master.kill()
    master.wait()
    bare = subprocess.Popen(["ssh", "-v", *client.options("-N", "-R", "9997:127.0.0.1:1"), *there], stderr=subprocess.PIPE)
    seen = line_of(bare, b"ssh -L")
    check("without a session ssh's own warning shows it", b"remote port forwarding failed" in seen and b"Remote: weir: Remote forwarding" in seen, seen)
    bare.kill()
    bare.wait()

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running = subprocess.Popen(
        ["ssh", *client.options("-L", f"127.0.0.1:{port}:/tmp/none.sock"), *there, "echo in; exec sleep 1000"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    running.stdout.readline()
    seen = b""
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
            ends(line)
    seen = line_of(running, b"remoteServerListenOnSocket")
    check("a socket by path is refused with its reason, once for all (bugs R7)", seen.count(b"weir: Sockets by path") == 1, seen)
    running.kill()
    running.wait()


def channels(client, user):
    """Many forwarded connections on one connection leave room for sessions, and the end of the room is told (bugs R7)."""
    waits = "import socket, time; s = socket.create_server((\"127.0.0.1\", 8124), backlog=512); time.sleep(120)"
    client.ssh(user, f"nohup python3 -c '{waits}' >/dev/null 2>&1 & sleep 1")
    connection = paramiko.SSHClient()
    connection.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    connection.connect(
        "127.0.0.1", client.weir.ssh_port, user, key_filename=str(client.key), allow_agent=False, look_for_keys=False, timeout=20)
    transport = connection.get_transport()
    held, refused = [], None

    def forward(count):
        for _ in range(count):
            held.append(transport.open_channel("direct-tcpip", ("127.0.0.1", 8124), ("127.0.0.1", 0), timeout=20))

    forward(64)
    _, out, _ = connection.exec_command("echo in")
    check("with 64 forwarded connections a session opens", out.read() == b"in\n")
    try:
        forward(256)
    except paramiko.ChannelException as error:
        refused = error
    check("240 are carried", refused is not None and 239 <= len(held) <= 240, (refused, len(held)))
    _, out, told = connection.exec_command("echo in")
    check("then a session opens all the same, and says why the others do not",
          out.read() == b"in\n" and b"carries 240 channels" in told.read())
    connection.close()


def terminal(client, user):
    """A shell with a terminal: size, window changes, hang-up."""
    pid, master = pty.fork()
    if pid == 0:
        os.execvp("ssh", ["ssh", "-tt", *client.options(), "-p", str(client.weir.ssh_port), f"{user}@127.0.0.1"])
    import fcntl
    import struct
    import termios

    def size(rows, columns):
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    shown = b""

    def until(mark, seconds=20):
        nonlocal shown
        deadline = time.monotonic() + seconds
        while mark not in shown:
            if time.monotonic() > deadline:
                raise SystemExit(f"FAILED: the terminal does not show {mark!r}: {shown[-600:]!r}")
            if select.select([master], [], [], 0.2)[0]:
                try:
                    shown += os.read(master, 4096)
                except OSError:
                    return

    size(33, 111)
    os.write(master, b"stty size; echo ma''rk1\r")
    until(b"mark1")
    check("the terminal has the client's size", b"33 111" in shown or b"24 80" in shown, shown[-300:])
    size(44, 123)
    time.sleep(0.5)
    os.write(master, b"stty size; tty; echo ma''rk2\r")
    until(b"mark2")
    check("and follows it", b"44 123" in shown and b"/dev/pts/" in shown, shown[-300:])
    os.write(master, b"sleep 4711\r")
    time.sleep(1)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(master)
    deadline = time.monotonic() + 10
    while b"4711" in (left := client.ssh(user, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").stdout.replace(b"cat /proc", b"")) and time.monotonic() < deadline:
        time.sleep(0.3)
    check("what runs on a terminal ends when the client vanishes", b"sleep 4711" not in left, left[-300:])


def files(client, user):
    """scp in both protocols, sftp, rsync, git."""
    port = str(client.weir.ssh_port)
    there = f"{user}@127.0.0.1"
    big = client.folder / "big.bin"
    big.write_bytes(os.urandom(8 << 20))
    for name, flag in (("scp by SFTP", "-s"), ("scp's old protocol", "-O")):
        answer = client.program("scp", flag, *client.options(), "-P", port, str(big), f"{there}:/gemini/code/{flag[1]}.bin")
        check(f"{name} puts", answer.returncode == 0, answer)
        back = client.folder / f"back{flag}"
        answer = client.program("scp", flag, *client.options(), "-P", port, f"{there}:/gemini/code/{flag[1]}.bin", str(back))
        check(f"{name} gets", answer.returncode == 0 and back.read_bytes() == big.read_bytes(), answer)
    answer = client.sftp(user, f"pwd\nput {big} big.bin\nls -l\nget big.bin {client.folder}/again\nrename big.bin renamed\nrm renamed\n")
    check("sftp puts, lists, gets, renames and removes", answer.returncode == 0 and (client.folder / "again").read_bytes() == big.read_bytes(), answer)
    tree = client.folder / "tree"
    (tree / "a/b").mkdir(parents=True)
    for i in range(200):
        (tree / f"a/b/{i}.txt").write_text(str(i))
    shell = "ssh " + " ".join(shlex.quote(o) for o in client.options()) + f" -p {port}"
    answer = client.program("rsync", "-a", "-e", shell, f"{tree}/", f"{there}:/gemini/code/tree/")
    check("rsync brings a tree", answer.returncode == 0, answer)
    answer = client.program("rsync", "-ai", "-e", shell, f"{tree}/", f"{there}:/gemini/code/tree/")
    check("and finds nothing to do the second time", answer.returncode == 0 and not answer.stdout.strip(), answer)
    if client.ssh(user, "command -v git").stdout:
        client.ssh(user, "git config --global init.defaultBranch main; git init -q --bare /gemini/code/repo.git")
        work = client.folder / "work"
        env = {**os.environ, "GIT_SSH_COMMAND": shell, "GIT_CONFIG_GLOBAL": "/dev/null"}
        subprocess.run(["git", "init", "-q", "-b", "main", work], check=True, env=env)
        (work / "train.py").write_text("print(1)\n")
        for arguments in (["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"],
                          ["push", "-q", f"ssh://{there.replace('@', '%40', there.count('@') - 1)}:{port}/gemini/code/repo.git", "main"]):
            answer = subprocess.run(["git", "-C", work, *arguments], capture_output=True, env=env)
            check(f"git {arguments[0] if arguments[0] != '-c' else 'commit'} over SSH", answer.returncode == 0, answer)


def forwarding(client, user, person, operator, project):
    """Connections into the environment's own network only."""
    serve = "cd /tmp; echo $WHO > index.html; exec python3 -m http.server 8000"
    job = lambda who, project, name: who.call("POST", f"/api/v1/projects/{project}/jobs", {
        "name": name, "image": NOTEBOOK, "flavor": "small", "command": serve.replace("$WHO", name)})["id"]
    neighbour = job(person, project, "neighbour")
    elsewhere = operator.call("POST", "/api/v1/workspaces", {"name": "Elsewhere"})["id"]
    theirs = operator.call("POST", f"/api/v1/workspaces/{elsewhere}/projects", {"name": "secret"})["id"]
    secret = job(operator, theirs, "secret")
    person.wait(neighbour, "running")
    operator.wait(secret, "running")
    client.ssh(user, "cd /tmp; echo from-inside > index.html; nohup python3 -m http.server 8123 --bind 127.0.0.1 >/dev/null 2>&1 & sleep 1")
    local = socket.socket()
    local.bind(("127.0.0.1", 0))
    port = local.getsockname()[1]
    local.close()
    tunnel = subprocess.Popen(
        ["ssh", *client.options(), "-N", "-D", str(port), "-L", f"{port + 1}:127.0.0.1:8123", "-p", str(client.weir.ssh_port), f"{user}@127.0.0.1"],
        stderr=subprocess.DEVNULL)
    try:
        def fetch(*arguments):
            return subprocess.run(["curl", "-s", "-m", "10", *arguments], capture_output=True)

        deadline = time.monotonic() + 20
        while (answer := fetch(f"http://127.0.0.1:{port + 1}/index.html")).returncode and time.monotonic() < deadline:
            time.sleep(0.2)
        check("-L reaches a port of the environment", answer.stdout == b"from-inside\n", answer)
        check("-D as well", fetch("-x", f"socks5h://127.0.0.1:{port}", "http://localhost:8123/index.html").stdout == b"from-inside\n")
        api = client.weir.url.rsplit(":", 1)[1]
        for name, target in (("the host's API at its loopback", f"http://127.0.0.1:{api}/readyz"),):
            check(f"{name} is not reached", fetch("-x", f"socks5h://127.0.0.1:{port}", target).returncode != 0)
        own = client.ssh(user, "hostname -i").stdout.decode().split()[0]
        gateway = own.rsplit(".", 1)[0] + ".1"
        check("the host's own address in the network is not reached",
              fetch("-x", f"socks5://127.0.0.1:{port}", f"http://{gateway}:{api}/readyz").returncode != 0)
        check("nor the internet or names of others", fetch("-x", f"socks5h://127.0.0.1:{port}", "http://deb.debian.org/").returncode != 0)
        named = f"job-{neighbour[-8:]}-0"
        deadline = time.monotonic() + 20
        while (answer := fetch("-x", f"socks5h://127.0.0.1:{port}", f"http://{named}:8000/")).returncode and time.monotonic() < deadline:
            time.sleep(0.2)
        check("another instance of the workspace is reached by its name", answer.stdout == b"neighbour\n", answer)
        for name in ("neighbour", "NEIGHBOUR", named + ".dns.podman"):
            answer = fetch("-x", f"socks5h://127.0.0.1:{port}", f"http://{name}:8000/")
            check(f"as well by {name.replace(named, 'the name of its network')}", answer.stdout == b"neighbour\n", answer)
        for name in ("secret", f"job-{secret[-8:]}-0", f"job-{secret[-8:]}-0.dns.podman", "host.containers.internal", "localhost.example", "nobody"):
            answer = fetch("-x", f"socks5h://127.0.0.1:{port}", f"http://{name}:8000/")
            check(f"{name.replace(secret[-8:], '…')} of others is not", answer.returncode != 0, answer)
        workspace_rules(operator, project, fetch, port, named)
        check("its own address is", fetch("-x", f"socks5://127.0.0.1:{port}", f"http://{own}:8888/").returncode in (0, 22, 52), own)
    finally:
        tunnel.terminate()
        tunnel.wait()
        person.call("POST", f"/api/v1/workloads/{neighbour}/stop")
        operator.call("POST", f"/api/v1/workloads/{secret}/stop")


def entry(client, environment):
    """The lines that are shown are those that work (SSH-01, SSH-12)."""
    shown = client.person.call("GET", f"/api/v1/workloads/{environment}/ssh")
    more = f"  UserKnownHostsFile {client.known}\n  StrictHostKeyChecking yes\n  BatchMode yes\n  IdentitiesOnly yes\n  IdentityFile {client.key}\n"
    (client.folder / "config").write_text(shown["config"].rstrip() + "\n" + more)
    host = re.search(r"^Host (\S+)$", shown["config"], re.M)[1]
    check("the entry has a name that only this environment has", host.endswith(re.search("([0-9a-f]{6})[.]", shown["user"])[1]), shown)
    seen = subprocess.run(["ssh", "-G", "-F", client.folder / "config", host], capture_output=True, text=True).stdout
    check("and keeps the connection alive", re.search(r"^serveraliveinterval [1-9]", seen, re.M), seen)
    answer = client.program("ssh", "-F", str(client.folder / "config"), host, "echo in")
    check("the entry leads in", answer.stdout == b"in\n", answer)
    (client.folder / "plain").write_text("Host *\n" + more)
    (client.folder / "file").write_text("by the lines")
    for program in ("ssh", "scp", "sftp", "rsync"):
        line = shown[program]
        check(f"the line for {program} is one", line.split()[0] == program and shown["user"] in line, line)
    words = shlex.split(shown["ssh"])
    answer = client.program(words[0], "-F", str(client.folder / "plain"), *words[1:], "echo in")
    check("the line for ssh leads in", answer.stdout == b"in\n", answer)


def through(port, host, to):
    """A connection by ssh's SOCKS, which stays open."""
    line = socket.create_connection(("127.0.0.1", port), timeout=30)
    line.sendall(b"\x05\x01\x00")
    greeting = line.recv(2, socket.MSG_WAITALL)
    line.sendall(b"\x05\x01\x00\x03" + bytes([len(host)]) + host.encode() + to.to_bytes(2, "big"))
    answer = line.recv(10, socket.MSG_WAITALL)
    check(f"a connection to port {to} is open", greeting == b"\x05\x00" and answer[:2] == b"\x05\x00", (greeting, answer))
    return line


def ends(line):
    """Whether the other side closes it, well within the time of the socket."""
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def workspace_rules(owner, project, fetch, port, named):
    """A workspace says where its clients may forward to, and the gateway obeys (DEV-13)."""
    workspace = owner.call("GET", f"/api/v1/projects/{project}")["workspace"]
    policy = f"/api/v1/workspaces/{workspace}/ssh-policy"
    proxy = f"socks5h://127.0.0.1:{port}"
    neighbours, its_own = through(port, named, 8000), through(port, "localhost", 8123)
    owner.call("PUT", policy, {"environments": True, "forwarding": "own"})
    check("an open connection ends that is not allowed any more (review 2)", ends(neighbours))
    its_own.sendall(b"GET /index.html HTTP/1.0\r\n\r\n")
    check("and one that is allowed goes on (review 2)", its_own.makefile("rb").read().endswith(b"from-inside\n"))
    its_own = through(port, "localhost", 8123)
    check("with forwarding to the environment itself another instance is not reached", fetch("-x", proxy, f"http://{named}:8000/").returncode != 0)
    check("and the environment is", fetch("-x", proxy, "http://localhost:8123/index.html").stdout == b"from-inside\n")
    owner.call("PUT", policy, {"environments": True, "forwarding": "off"})
    check("and without forwarding that ends too (review 2)", ends(its_own))
    check("without forwarding nothing is", fetch("-x", proxy, "http://localhost:8123/index.html").returncode != 0)
    owner.call("PUT", policy, {"environments": True, "forwarding": "workspace"})
    check("and with it again all is", fetch("-x", proxy, f"http://{named}:8000/").stdout == b"neighbour\n")


def states(client, user, person, environment, operator, workspace, project):
    """Ends of sessions (SSH-06, SSH-10)."""
    client.ssh(user, 'chmod 777 "$HOME"')
    answer = client.ssh(user, input=b"command -v python; exit\n", options=["-tt"])
    check("a login shell finds the image's own python (ux 1)", b"/opt/env/bin/python" in answer.stdout, answer)
    check("a home that all can write is told (SSH-10)", b"/home/user has the mode 777" in answer.stdout + answer.stderr, answer)
    repaired = person.call("POST", f"/api/v1/workloads/{environment}/ssh/repair")
    check("and repaired with one command", repaired["before"] == "777" and client.ssh(user, 'stat -c %a "$HOME"').stdout == b"700\n", repaired)

    person.call("PATCH", f"/api/v1/workloads/{environment}", {"ssh": False})
    answer = client.ssh(user, "true")
    check("who has the key is told that SSH is switched off (SSH-01)", answer.returncode != 0 and b"switched off" in answer.stderr, answer)
    person.call("PATCH", f"/api/v1/workloads/{environment}", {"ssh": True})
    check("and enters when it is on again", client.ssh(user, "true").returncode == 0)

    member = client.weir.another(operator, "mallory")
    operator.call("PUT", f"/api/v1/workspaces/{workspace}/members/mallory", {"role": "member"})
    other = Client(client.weir, member, client.folder / "mallory", "mallory")
    other.add_key()
    own = "mallory" + user[user.index("@"):]
    check("another member does not enter what is personal (IDW-07)", other.ssh(own, "true").returncode == 255)
    made = person.call("POST", f"/api/v1/projects/{project}/environments",
                       {"name": "together", "image": NOTEBOOK, "flavor": "medium", "access": "shared"})["id"]
    person.wait(made, "running")
    own = member.call("GET", f"/api/v1/workloads/{made}/ssh")["user"]
    check("the lines of what is shared name the member", own.startswith("mallory@"), own)
    sleeper = subprocess.Popen(["ssh", *other.options(), "-p", str(client.weir.ssh_port), f"{own}@127.0.0.1", "echo in; exec sleep 1000"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check("another member enters what is shared by the own login", sleeper.stdout.readline() == b"in\n")
    begun = time.monotonic()
    operator.call("DELETE", f"/api/v1/workspaces/{workspace}/members/mallory")
    _, errors = sleeper.communicate(timeout=15)
    check("who is no longer a member is out at once, and told", b"no longer a member" in errors and time.monotonic() - begun < 10, errors)
    check("and does not come in again", other.ssh(own, "true").returncode == 255)
    person.call("DELETE", f"/api/v1/workloads/{made}")

    sleeper = subprocess.Popen(["ssh", *client.options(), "-p", str(client.weir.ssh_port), f"{user}@127.0.0.1", "echo in; exec sleep 1000"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ})
    sleeper.stdout.readline()
    big = client.folder / "half.bin"
    big.write_bytes(os.urandom(64 << 20))
    upload = subprocess.Popen(["sftp", *client.options("-l", "16000"), "-P", str(client.weir.ssh_port), "-b", "-", f"{user}@127.0.0.1"],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    upload.stdin.write(f"put {big} /gemini/code/half.bin\n".encode())
    upload.stdin.flush()
    half = client.weir.kept("projects", project) / "code/half.bin"
    check("a transfer is under way", until(lambda: half.exists() and half.stat().st_size > 1 << 20), half)
    window = Window(client, user)
    tunnel, _ = window.connect(int(window.said["listeningOn"]))
    person.call("POST", f"/api/v1/workloads/{environment}/stop")
    _, errors = sleeper.communicate(timeout=30)
    check("a stop ends the session with one line that says why", b"somebody stopped it" in errors and errors.count(b"weir:") == 1, errors)
    _, errors = upload.communicate(timeout=30)
    check("a transfer as well", upload.returncode != 0 and b"somebody stopped it" in errors, errors)
    check("of which half is there, to be gone on with", 1 << 20 <= half.stat().st_size < 64 << 20, half.stat().st_size)
    check("and a forwarded connection", tunnel.recv(1) == b"" and window.process.wait(timeout=30) == 255)
    window.close()
    person.wait(environment, "stopped")
    check("nothing of them is left", until(lambda: not processes(client.weir), 15), processes(client.weir))
    answer = client.ssh(user, "true")
    check("a stopped environment is told in one line, and what to do", b"is stopped" in answer.stderr and b"weir env start" in answer.stderr
          and answer.returncode == 255, answer)
    answer = client.ssh(user, "true", options=["-o", "SetEnv=LC_ALL=zh_CN.UTF-8"])
    check("in Chinese for who speaks it", "已停止".encode() in answer.stderr, answer)
    answer = client.sftp(user, "ls\n")
    check("sftp as well, and nothing hangs", answer.returncode != 0 and b"is stopped" in answer.stderr, answer)


def main():
    with Weir() as weir, tempfile.TemporaryDirectory(prefix="weir-ssh-") as home:
        operator = weir.operator()
        workspace = operator.call("POST", "/api/v1/workspaces", {"name": "Vision"})["id"]
        person = weir.another(operator, "ada")
        operator.call("PUT", f"/api/v1/workspaces/{workspace}/members/ada", {"role": "member"})
        project = person.call("POST", f"/api/v1/workspaces/{workspace}/projects", {"name": "digits"})["id"]
        client = Client(weir, person, pathlib.Path(home) / "ada", "ada")
        stranger = Client(weir, person, pathlib.Path(home) / "stranger", "stranger")
        only = set(sys.argv[1:])

        def part(function, *arguments):
            if not only or function.__name__ in only:
                print(function.__name__)
                function(*arguments)

        if only and "login" not in only:
            client.add_key()
        disk = person.call("GET", f"/api/v1/workspaces/{workspace}/netdisk/sftp")["user"]
        if not only or only & {"login", "sessions", "terminal", "files", "entry", "forwarding", "channels", "vscode", "faults", "states"}:
            weir.official_images(operator)
            made = person.call("POST", f"/api/v1/projects/{project}/environments",
                               {"name": "lab", "image": NOTEBOOK, "flavor": "medium"})
            environment = made["id"]
            person.wait(environment, "running")
            lines = person.call("GET", f"/api/v1/workloads/{environment}/ssh")
            user = lines["user"]
            check("the user name is the one that people know (SSH-02)", re.fullmatch(r"gemini@root@ssh-[0-9a-f]{32}\.vision", user), user)
            part(login, client, user, stranger)
            part(sessions, client, user)
            part(terminal, client, user)
            part(files, client, user)
            part(forwarding, client, user, person, operator, project)
            part(channels, client, user)
            part(entry, client, environment)
            part(vscode, client, user)
            part(faults, client, user, person, workspace)
            part(states, client, user, person, environment, operator, workspace, project)
        part(uploads, client, person, workspace, project)
        part(arrears, client, person, operator, workspace)
        part(quota, client, person, operator, workspace)
        part(git, client, person, operator, workspace, project)
        part(git_limits, client, person, workspace)
        part(git_cuts, client, person, operator, workspace)
        part(hostile, client, disk)
        if "cuts" in only:
            faults(client, None, person, workspace)
        check("nothing that the gateway started is left", until(lambda: not processes(weir), 15), processes(weir))
        if not only or "full" in only:
            print("full")
            full(home)
    print("SSH: all passed")


if __name__ == "__main__":
    main()
