"""Ways from a tenant's code to the host: root inside is never root outside, and nothing inside tells of what lies beside it (A2, hostile 3, 11)."""

import os
import pathlib
import stat
import subprocess

from hostile_common import as_nobody, check, sftp, tenants, until
from ssh_git import Work

# Calls by their numbers on x86-64; what each gives is printed as `name result error`.
PROBE = r"""
import ctypes, multiprocessing, os, socket, subprocess, threading
call = ctypes.CDLL(None, use_errno=True).syscall
NEWUSER, NEWNS = 0x10000000, 0x20000
def probe(name, *arguments):
    ctypes.set_errno(0)
    result = call(*arguments)
    if name.startswith("clone") and result == 0:
        os._exit(0)
    print("call", name, "refused" if result < 0 else "WENT", ctypes.get_errno())
probe("unshare-user", 272, NEWUSER); probe("unshare-mount", 272, NEWNS); probe("clone-user", 56, NEWUSER | 17, 0, 0, 0, 0)
probe("clone3", 435, 0, 0)
probe("setns", 308, 0, 0); probe("mount", 165, b"x", b"/tmp", b"tmpfs", 0, 0); probe("fsopen", 430, b"tmpfs", 0)
probe("open_tree", 428, -100, b"/", 1); probe("mount_setattr", 442, -100, b"/", 0, 0, 0); probe("pivot_root", 155, b"/", b"/tmp")
probe("umount", 166, b"/proc", 2); probe("add_key", 248, b"user", b"a", b"b", 1, -3); probe("keyctl", 250, 0, -3, 0)
probe("bpf", 321, 0, 0, 0); probe("perf", 298, 0, 0, -1, -1, 0); probe("io_uring", 425, 8, 0); probe("userfaultfd", 323, 0)
probe("by_handle", 304, 0, 0, 0); probe("kexec", 246, 0, 0, 0, 0); probe("module", 175, 0, 0, 0); probe("syslog", 103, 3, 0, 0)
probe("vsock", 41, 40, 1, 0); probe("packet", 41, 17, 3, 0); probe("crypto", 41, 38, 5, 0); probe("audit", 41, 16, 3, 9)
probe("mknod", 133, b"/tmp/disk", 0o60666, 0x700); probe("swapon", 167, b"/tmp/x", 0); probe("quota", 179, 0, 0, 0, 0)
for path in ("/sys/block", "/sys/class/block", "/sys/dev/block", "/sys/devices/virtual/block", "/sys/fs/ext4", "/sys/kernel/debug", "/proc/fs"):
    print("folder", path, len(os.listdir(path)) if os.path.isdir(path) else 0)
for name in ("kallsyms", "diskstats", "partitions", "swaps", "mdstat", "locks", "keys", "modules", "timer_list", "iomem", "interrupts"):
    try:
        print("file", name, len(open("/proc/" + name, "rb").read()))
    except OSError:
        print("file", name, 0)
for name in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/power/state", "/proc/sys/vm/drop_caches"):
    try:
        open(name, "w").write("x")
        print("written", name)
    except OSError:
        pass
# What programs need goes on.
thread = threading.Thread(target=lambda: print("a thread")); thread.start(); thread.join()
print("a child", subprocess.run(["id", "-u"], capture_output=True, text=True).stdout.strip())
with multiprocessing.Pool(2) as pool:
    print("a pool", pool.map(abs, [-1, 2]))
with socket.socketpair()[0], socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
    print("sockets")
print("map", *open("/proc/self/uid_map").read().split())
print("mounts", open("/proc/self/mountinfo").read().replace("\n", ";"))
print("cgroups", open("/proc/self/cgroup").read().replace("\n", ";"))
"""


def set_bits(folder):
    """Files of the host below a folder by which somebody would become another user, and devices."""
    found = []
    for path, folders, files in os.walk(folder):
        for name in files:
            about = os.lstat(os.path.join(path, name))
            if about.st_mode & (stat.S_ISUID | stat.S_ISGID) or stat.S_ISBLK(about.st_mode) or stat.S_ISCHR(about.st_mode) and about.st_rdev:
                found.append(os.path.join(path, name))
    return found


def folders(all):
    """SFTP makes no setuid file, and whatever is on the host is nobody's of the machine."""
    project = all.project(all.member, all.a, "bits")
    client, user = all.client(all.member), all.code_user(all.member, project)
    program = all.home / "program"
    program.write_bytes(pathlib.Path("/usr/bin/id").read_bytes())
    program.chmod(0o6755)
    put = client.sftp(user, f"put -p {program} /upload/id\nchmod 4755 /upload/id\n")
    check("a setuid bit is refused over SFTP", put.returncode != 0 and b"denied" in put.stderr.lower() or b"fail" in put.stderr.lower(), put)
    with sftp(client, user) as session:
        for mode in (0o4755, 0o2755, 0o6755):
            try:
                session.chmod("/upload/id", mode)
                check("each of the bits is", False, oct(mode))
            except OSError:
                pass
        session.mkdir("/upload/folder", 0o6755)
        session.chmod("/upload/id", 0o755)
        check("other modes are set as always", session.stat("/upload/id").st_mode & 0o7777 == 0o755)
    stored = next(all.weir.folder.joinpath("data").rglob("code/id"), None)
    check("the file is on the host", stored is not None)
    check("without such a bit", not set_bits(all.weir.folder / "data/files"), set_bits(all.weir.folder / "data/files"))
    for command in (["ls", all.weir.folder / "data"], ["ls", all.weir.folder / "data/files"], ["cat", stored], [stored], ["stat", stored],
                    ["cat", all.weir.folder / "data/weir.sqlite"]):
        seen = as_nobody(*map(str, command))
        check(f"another user of the machine is refused {command[0] if command[0] != stored else 'to run it'}", seen.returncode != 0, seen)


def probed(what, said, folder, neighbour):
    lines = said.splitlines()
    went = [line for line in lines if line.startswith("call") and "refused" not in line]
    check(f"{what}: no call goes through that makes namespaces, mounts or devices, or enters what only the host has", not went, went)
    check(f"{what}: all of them were tried", sum(line.startswith("call") for line in lines) == PROBE.count('probe("'), said)
    told = [line for line in lines if line.startswith(("folder", "file")) and not line.endswith(" 0")]
    check(f"{what}: disks, addresses, locks and keys are not told", not told, told)
    check(f"{what}: nothing of the machine's settings is written", not [line for line in lines if line.startswith("written")], said)
    works = all(word in lines for word in ("a thread", "a child 0", "a pool [1, 2]", "sockets"))
    check(f"{what}: threads, children, pools and sockets work", works, said)
    users = next(line for line in lines if line.startswith("map")).split()
    check(f"{what}: its root is another user outside", users[1] == "0" and users[2] != "0" and users[3] == "65536", users)
    check(f"{what}: nothing tells of a neighbour", neighbour not in said, neighbour)
    mounts = next(line for line in lines if line.startswith("mounts"))
    # The root layer and what the kernel makes up aside, each is a volume, the instance's disk, or memory that ends.
    for mount in filter(None, mounts.removeprefix("mounts ").split(";")):
        fields = mount.split()
        place, options, kind = fields[4], fields[5].split(","), fields[fields.index("-") + 1]
        if "rw" in options and kind not in ("proc", "devpts", "mqueue", "devtmpfs", "overlay", "cgroup", "cgroup2"):
            bounded = "size=" in fields[-1] if kind == "tmpfs" else "nosuid" in options and "nodev" in options and fields[-2].startswith("/dev/loop")
            check(f"{what}: {place} ends", bounded, mount)
    check(f"{what}: nothing tells where Weir keeps its data", str(folder) not in mounts, mounts)
    check(f"{what}: what Podman keeps for it is not written", all(
        "ro" in mount.split()[5].split(",") for mount in mounts.split(";") if "/userdata/" in mount), mounts)
    check(f"{what}: devices and setuid programs count for nothing where it writes", all(
        "nosuid" in mount and "nodev" in mount for mount in mounts.split(";") if " /gemini/" in mount or " /home/user " in mount), mounts)
    return users[2]


def inside(all):
    """By an environment over SSH, by a job, and by root in both."""
    project = all.project(all.alice, all.a, "inside")
    neighbour = all.environment(all.bob, all.project(all.bob, all.b, "beside"), "beside")
    environment = all.environment(all.alice, project, "inside")
    run = all.shell(all.alice, environment)
    said = run("python3 -", input=PROBE.encode()).stdout.decode()
    first = probed("environment", said, all.weir.folder, neighbour)
    seen, log = all.python(all.alice, project, PROBE)
    check("the job ends well", seen["state"] == "completed", (seen, log))
    second = probed("job", log, all.weir.folder, neighbour)
    check("each has users of its own", first != second, (first, second))
    made = run("cd /gemini/code && cp /bin/busybox sh && chown 0:0 sh && chmod 6755 sh && cp sh /gemini/output/ && cp sh /home/user/ && stat -c %a sh")
    check("root inside can set such a bit", made.stdout.split() == [b"6755"], made)
    stored = next(all.weir.folder.joinpath("data").rglob("code/sh"), None)
    check("and nobody on the host can run it", stored is not None and as_nobody(str(stored), "sh", "-c", "id -u").returncode != 0, stored)
    check("the files are root's, as the host counts", stored.stat().st_uid == 0, stored.stat())
    table = pathlib.Path("/proc/self/mounts").read_text()
    check("where they lie on a volume of their own, the host runs none of them either", all_closed(table, all.weir.folder), table)
    terminal = all.client(all.alice).ssh(
        all.alice.call("GET", f"/api/v1/workloads/{environment}/ssh")["user"], "tty; id -u; grep NoNewPrivs /proc/self/status", options=["-tt"])
    check("a terminal works as before", b"/dev/pts" in terminal.stdout and b"1" in terminal.stdout.split()[-1], terminal)
    processes = all.alice.call("GET", f"/api/v1/workloads/{environment}/processes")
    check("processes are listed", len(str(processes)) > 10, processes)
    outside = until(lambda: roots_of(first))
    check("nothing in it runs as the host's root", outside and "0" not in outside, outside)


def all_closed(table, folder):
    mounts = [line.split() for line in table.splitlines() if str(folder) in line.split()[1]]
    return all("nosuid" in mount[3].split(",") and "nodev" in mount[3].split(",") for mount in mounts if "/volumes/" in mount[1])


def roots_of(first):
    """The users of the host that the processes of a container are."""
    users = set()
    for process in pathlib.Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if (process / "uid_map").read_text().split()[1:2] == [first]:
                    users.add(next(line.split()[1] for line in (process / "status").read_text().splitlines() if line.startswith("Uid:")))
            except (OSError, StopIteration):
                pass
    return users


def shared(all):
    """Where git itself would set such a bit, a push goes on without it."""
    work = Work(all.client(all.alice), all.alice, all.a, "shared")
    stored = next(all.weir.folder.joinpath("data").rglob(f"{work.project}/code/.git"))
    subprocess.run(["git", "-c", "safe.directory=*", "-C", stored, "config", "core.sharedRepository", "group"], check=True)
    for name in "bcd":
        work.commit(f"{name}/{name}", name.encode())
    pushed = work.run("push", "-q", "origin", "main")
    check("a push into a repository that asks for setgid bits goes on without them", pushed.returncode == 0 and not set_bits(stored), pushed)


with tenants() as all_of_them:
    folders(all_of_them)
    inside(all_of_them)
    shared(all_of_them)
