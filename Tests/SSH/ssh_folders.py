"""Files into drafts, code and netdisks, and what ends a transfer."""

import os
import pathlib
import subprocess
import time

import paramiko
from running_weir import Refused
from ssh_common import check, until


def uploads(client, person, workspace, project):
    """SFTP for drafts, code and netdisks (SSH-09, DAT-07, DAT-08)."""
    asset = person.call("POST", f"/api/v1/workspaces/{workspace}/assets", {"kind": "dataset", "name": "leaves"})["id"]
    user = person.call("GET", f"/api/v1/assets/{asset}/draft/sftp")["user"]
    folder = client.folder / "leaves"
    folder.mkdir()
    for i in range(50):
        (folder / f"{i}.txt").write_text("leaf " * i)
    long_name = "叶" * 83 + "xy.txt"
    (folder / long_name).write_text("long")
    answer = client.sftp(user, f"put -R {folder} leaves\nls -la /\nls /upload/leaves\n")
    check("a folder goes to the draft", answer.returncode == 0, answer)
    listing = answer.stdout.decode().split("ls -la /\n")[1].split("sftp>")[0]
    names = [line.split()[-1] for line in listing.splitlines() if line.split()]
    check("the client sees /upload and nothing else", [n for n in names if n not in ("/.", "/..", ".", "..")] in (["/upload"], ["upload"]), listing)
    check("a name of 255 bytes is kept (X20)", len(long_name.encode()) == 255 and long_name in answer.stdout.decode(), answer.stdout[-300:])
    seen = person.call("GET", f"/api/v1/assets/{asset}/draft?path=leaves")
    check("the draft lists the files", len(seen["items"]) >= 50, len(seen["items"]))

    for attack in ("get /etc/passwd", "get ../../../../etc/shadow", "ls /proc", "get /.weir/passwd", "put /etc/hostname /hostname",
                   "put /etc/hostname /etc/x"):
        answer = client.sftp(user, attack + f" {client.folder}/loot\n" if attack.startswith("get") else attack + "\n")
        check(f"'{attack}' leads nowhere", answer.returncode != 0 and not (client.folder / "loot").exists(), answer)
    answer = client.sftp(user, f"symlink /etc/passwd /upload/link\nget /upload/link {client.folder}/loot\n")
    check("a link leads nowhere", answer.returncode != 0 and not (client.folder / "loot").exists(), answer)
    client.sftp(user, "rm /upload/link\n")
    check("there is no shell", b"files alone" in client.ssh(user, "id").stderr)

    whole = os.urandom(6 << 20)
    part = client.folder / "resume.bin"
    part.write_bytes(whole[: 2 << 20])
    client.sftp(user, f"put {part} /upload/resume.bin\n")
    part.write_bytes(whole)
    answer = client.sftp(user, f"reput {part} /upload/resume.bin\nget /upload/resume.bin {client.folder}/whole\n")
    check("a broken transfer goes on where it broke (reput)", (client.folder / "whole").read_bytes() == whole, answer)

    holder = subprocess.Popen(["sftp", *client.options(), "-P", str(client.weir.ssh_port), f"{user}@127.0.0.1"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    holder.stdin.write(b"pwd\n")
    holder.stdin.flush()
    while b"upload" not in holder.stdout.readline():
        pass
    check("a draft is not confirmed while somebody is connected", person.refusal("POST", f"/api/v1/assets/{asset}/versions", {"note": "x"}) == 409)
    holder.terminate()
    holder.wait()
    token = person.call("POST", f"/api/v1/assets/{asset}/draft/sftp")

    def by_token():
        transport = paramiko.Transport(("127.0.0.1", client.weir.ssh_port))
        transport.connect(username=token["address"]["user"], password=token["secret"])
        return transport, paramiko.SFTPClient.from_transport(transport)

    transport, sftp = by_token()
    with sftp.open("by-token.txt", "w") as file:
        file.write("token")
    check("paramiko enters by the token of the draft", "by-token.txt" in sftp.listdir("."))
    transport.close()
    deadline = time.monotonic() + 10
    while True:
        try:
            version = person.call("POST", f"/api/v1/assets/{asset}/versions", {"note": "by sftp"})
            break
        except Refused as refused:
            if refused.status != 409 or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    check("disconnected, it is confirmed to a version (DAT-08)", version["number"] == 1, version)
    try:
        by_token()
        check("the token ends with the draft", False)
    except paramiko.AuthenticationException:
        check("the token ends with the draft", True)

    draft = client.weir.kept("drafts", asset)
    longer = client.folder / "longer"
    longer.write_text("leaf " * 7 + "and more")
    (client.folder / "short").write_text("x")
    answer = client.sftp(user, f"ls leaves\nput /etc/hostname /upload/leaves/1.txt\ncd leaves\nreput {longer} 7.txt\n"
                               f"put {client.folder}/short 49.txt\nput /etc/hostname new.txt\n")
    check("a file that a version has is just overwritten, or appended to (SSH-09)", answer.returncode == 0
          and (draft / "leaves/1.txt").read_bytes() == pathlib.Path("/etc/hostname").read_bytes()
          and (draft / "leaves/7.txt").read_text() == longer.read_text() and (draft / "leaves/49.txt").read_text() == "x", answer)
    first = lambda name: person.call("GET", f"/api/v1/assets/{asset}/versions/1/file?path=leaves/{name}")
    check("and the version keeps its own (DAT-06)", [first(n) for n in ("1.txt", "7.txt", "49.txt")] == [b"leaf ", b"leaf " * 7, b"leaf " * 49])
    transport = paramiko.Transport(("127.0.0.1", client.weir.ssh_port))
    transport.connect(username=user, pkey=paramiko.Ed25519Key.from_private_key_file(str(client.key)))
    sftp = paramiko.SFTPClient.from_transport(transport)
    with sftp.open("leaves/8.txt", "r+") as file:
        file.seek(5)
        file.write("LEAF")
    check("one byte of it is changed without the rest", (draft / "leaves/8.txt").read_bytes() == b"leaf LEAF " + b"leaf " * 6)
    check("and only there", first("8.txt") == b"leaf " * 8)
    transport.close()
    version = None
    deadline = time.monotonic() + 10
    while version is None:
        try:
            version = person.call("POST", f"/api/v1/assets/{asset}/versions", {"note": "second"})
        except Refused as refused:
            if refused.status != 409 or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    check("and the next version has it", version["number"] == 2, version)

    code = person.call("GET", f"/api/v1/projects/{project}/code/sftp")["user"]
    answer = client.sftp(code, "put /etc/hostname main.py\nls\n")
    check("a project's code by SFTP", answer.returncode == 0 and b"main.py" in answer.stdout, answer)
    disk = person.call("GET", f"/api/v1/workspaces/{workspace}/netdisk/sftp")["user"]
    answer = client.sftp(disk, "put /etc/hostname kept\nls\n")
    check("a netdisk by SFTP (STO-06)", answer.returncode == 0 and b"kept" in answer.stdout, answer)
    # As graphical clients do: the longer file is there in part, and the rest is put behind it.
    whole = os.urandom(24 << 20)
    (client.folder / "large.bin").write_bytes(whole[:10 << 20])
    begun = client.sftp(disk, f"put {client.folder / 'large.bin'} large.bin\n")
    (client.folder / "large.bin").write_bytes(whole)
    answer = client.sftp(disk, f"reput {client.folder / 'large.bin'} large.bin\nget large.bin {client.folder / 'back.bin'}\nrm large.bin\n")
    check("a large file into a netdisk by any client of SFTP goes on where it was cut off (SSH-13)",
          begun.returncode == answer.returncode == 0 and (client.folder / "back.bin").read_bytes() == whole, answer)


def arrears(client, person, operator, workspace):
    """A balance that is used up before and during a transfer."""
    asset = person.call("POST", f"/api/v1/workspaces/{workspace}/assets", {"kind": "dataset", "name": "debt"})["id"]
    user = person.call("GET", f"/api/v1/assets/{asset}/draft/sftp")["user"]
    big = client.folder / "debt.bin"
    big.write_bytes(os.urandom(64 << 20))
    check("there is money at first", client.sftp(user, "put /etc/hostname first\n").returncode == 0)
    upload = subprocess.Popen(["sftp", *client.options(), "-l", "40000", "-P", str(client.weir.ssh_port), "-b", "-", f"{user}@127.0.0.1"],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    upload.stdin.write(f"put {big} debt.bin\n".encode())
    upload.stdin.flush()
    path = client.weir.kept("drafts", asset) / "debt.bin"
    until(lambda: path.exists() and path.stat().st_size > 1 << 20)
    amount = "-" + person.call("GET", f"/api/v1/workspaces/{workspace}/balance")["balance"]
    operator.call("POST", f"/api/v1/workspaces/{workspace}/corrections", {"amount": amount, "counter": "payments", "note": "test"}, {"Idempotency-Key": "used-up"})
    _, errors = upload.communicate(timeout=30)
    check("a transfer ends with the line that says why when the money is gone", upload.returncode != 0 and b"used up" in errors, errors)
    answer = client.sftp(user, "ls\nget first /dev/null\nput /etc/hostname second\n")
    check("nothing is put after that, and the client shows why", answer.returncode != 0 and b"used up" in answer.stderr
          and b"first" in answer.stdout, answer)
    answer = client.sftp(user, "rename first renamed\nrm renamed\nls\n")
    check("what is there is renamed and deleted all the same", answer.returncode == 0 and b"renamed" not in answer.stdout.split(b"ls")[-1]
          and not path.with_name("first").exists() and not path.with_name("renamed").exists(), answer)
    operator.call("POST", f"/api/v1/workspaces/{workspace}/corrections", {"amount": amount[1:], "counter": "payments", "note": "test"}, {"Idempotency-Key": "again"})
    check("until there is money again", client.sftp(user, "put /etc/hostname second\n").returncode == 0)


def quota(client, person, operator, workspace):
    """A quota of storage that is reached in the middle of a transfer (QUO-03)."""
    asset = person.call("POST", f"/api/v1/workspaces/{workspace}/assets", {"kind": "dataset", "name": "wide"})["id"]
    user = person.call("GET", f"/api/v1/assets/{asset}/draft/sftp")["user"]
    big = client.folder / "wide.bin"
    big.write_bytes(os.urandom(64 << 20))
    path = client.weir.kept("drafts", asset) / "wide.bin"
    limit(operator, workspace, 8 << 20)
    answer = client.sftp(user, f"put {big} wide.bin\n", options=["-l", "80000"])
    check("a transfer ends with the line that says why when the quota is reached", answer.returncode != 0 and b"weir:" in answer.stderr
          and b"quota" in answer.stderr, answer.stderr)
    check("a moment after it is reached", path.stat().st_size < 48 << 20, path.stat().st_size)
    answer = client.sftp(user, "ls\nput /etc/hostname second\n")
    check("nothing is put after that, and the client shows why", answer.returncode != 0 and b"quota" in answer.stderr
          and b"wide.bin" in answer.stdout, answer)
    disk = person.call("GET", f"/api/v1/workspaces/{workspace}/netdisk/sftp")["user"]
    for place in (user, disk):
        limit(operator, workspace, 300 << 20)
        client.sftp(place, "mkdir gone\nput /etc/hostname gone/one\nput /etc/hostname kept\n")
        limit(operator, workspace, -4096)
        answer = client.sftp(place, "-put /etc/hostname kept\n-reput /etc/hostname kept\n-put /etc/hostname more\n-mkdir folder\n-ln -s kept link\n"
                             "rename gone/one gone/two\nrm gone/two\nrmdir gone\nget kept /dev/null\nls\n")
        left = answer.stdout.split(b"> ls")[-1].split()
        check("with a full quota files are deleted and renamed by SFTP, and nothing is written (SSH-13, QUO-03)", answer.returncode == 0
              and b"kept" in left and not {b"gone", b"more", b"folder", b"link"} & set(left) and b"quota" in answer.stderr, answer)
    limit(operator, workspace, 300 << 20)
    answer = client.sftp(user, f"reput {big} wide.bin\n")
    check("with more room it goes on where it ended", answer.returncode == 0 and path.read_bytes() == big.read_bytes(), answer)
    # What was there is written over: that takes no room, however much is sent. A session that lasts a moment has it counted first.
    counted = lambda: operator.call("GET", f"/api/v1/workspaces/{workspace}/quotas")["workspace"]["held"]["storage"]
    check("what is kept is counted while a session lasts", until(lambda: client.sftp(user, "!sleep 2\n") and counted() >= 64 << 20), counted())
    limit(operator, workspace, 2 << 20)
    answer = client.sftp(user, f"put {big} wide.bin\n", options=["-l", "200000"])
    check("what is written over takes no room twice", answer.returncode == 0, answer)
    limit(operator, workspace, None)


def limit(operator, workspace, room):
    """Leaves the workspace so many bytes above what it is counted to keep; all there are when it is None."""
    quotas = f"/api/v1/workspaces/{workspace}/quotas"
    if room is None:
        return operator.call("DELETE", f"{quotas}/workspace")
    held = operator.call("GET", quotas)["workspace"]["held"]["storage"]
    return operator.call("PUT", f"{quotas}/workspace", {"quota": {"storage": held + room}})
