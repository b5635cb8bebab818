"""Who comes into what (audit-a 1, audit-b B11, hostile 2): people of each role at a personal and a shared environment, a job, code and data,
by the API, the console's forms and pages, a tool, the terminal, SSH, SFTP and git; and whose folders each of them has."""

import hashlib
import http.client
import io
import json
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

from hostile_common import IMAGE, check, entered, outcome, sftp, tenants, until

FORBIDDEN, HIDDEN, DONE = (403, "forbidden"), (404, "not_found"), (200, None)


def api(people, things, project, workspace):
    """Each way of the API, with what each person is to be told of what is another's: member, administrator, and who is none of them."""
    personal, shared, job = things["personal"], things["shared"], things["job"]
    private, data = things["private"], things["data"]
    work = "/api/v1/workloads/"
    ways = [
        # method, path, body, member, administrator
        ("GET", work + personal, None, DONE, DONE),
        ("POST", work + personal + "/enter", {}, FORBIDDEN, FORBIDDEN),
        ("POST", work + personal + "/enter", {"tool": "terminal"}, FORBIDDEN, FORBIDDEN),
        ("GET", work + personal + "/processes", None, FORBIDDEN, FORBIDDEN),
        ("POST", work + personal + "/processes/kill", {"pid": 2}, FORBIDDEN, FORBIDDEN),
        ("GET", work + personal + "/ssh", None, FORBIDDEN, FORBIDDEN),
        ("POST", work + personal + "/ssh/repair", None, FORBIDDEN, FORBIDDEN),
        ("GET", work + personal + "/logs", None, FORBIDDEN, FORBIDDEN),
        ("GET", work + personal + "/logs/file", None, FORBIDDEN, FORBIDDEN),
        ("GET", work + personal + "/logs/stream", None, FORBIDDEN, FORBIDDEN),
        ("GET", work + personal + "/usage", None, DONE, DONE),
        ("POST", work + personal + "/start", None, FORBIDDEN, FORBIDDEN),
        ("POST", work + personal + "/switch-flavor", {"flavor": "medium"}, FORBIDDEN, FORBIDDEN),
        ("PUT", work + personal + "/mounts", {"datasets": []}, FORBIDDEN, FORBIDDEN),
        ("PATCH", work + personal, {"on_idle": "cat /home/user/secret > /gemini/code/stolen"}, FORBIDDEN, FORBIDDEN),
        ("PATCH", work + personal, {"description": "other"}, FORBIDDEN, DONE),
        ("POST", work + shared + "/enter", {}, DONE, DONE),
        ("POST", work + shared + "/enter", {"tool": "terminal"}, DONE, DONE),
        ("GET", work + shared + "/processes", None, DONE, DONE),
        ("GET", work + shared + "/ssh", None, DONE, DONE),
        ("GET", work + shared + "/logs", None, DONE, DONE),
        ("PATCH", work + shared, {"description": "other"}, FORBIDDEN, DONE),
        ("GET", work + job + "/logs", None, DONE, DONE),
        ("POST", work + job + "/rerun", {"name": "stolen"}, (403, "own_variables"), (403, "own_variables")),
        ("GET", work + job + "/processes", None, FORBIDDEN, FORBIDDEN),
        ("POST", work + job + "/processes/kill", {"pid": 2}, FORBIDDEN, FORBIDDEN),
        ("PATCH", f"/api/v1/projects/{project}", {"description": "other"}, FORBIDDEN, DONE),
        ("PATCH", f"/api/v1/assets/{data}", {"description": "other"}, FORBIDDEN, DONE),
        ("GET", f"/api/v1/assets/{private}", None, HIDDEN, HIDDEN),
        ("DELETE", f"/api/v1/assets/{private}", None, HIDDEN, HIDDEN),
    ]
    for method, path, body, of_member, of_administrator in ways:
        said = f"{method} {path.removeprefix('/api/v1/').replace(personal, 'PERSONAL').replace(shared, 'SHARED').replace(job, 'JOB')}"
        for who, expected in (("member", of_member), ("administrator", of_administrator), ("stranger", HIDDEN), ("operator", HIDDEN)):
            answer = outcome(people[who], method, path, body)
            check(f"{who}: {said} is {expected[1] or 'done'}", answer == expected, answer)
    for who in ("member", "administrator"):
        for path in (work + job, work + personal, f"/api/v1/workspaces/{workspace}/workloads"):
            check(f"{who} sees no variable of what is personal", "sesame" not in json.dumps(people[who].call("GET", path)), path)
    # What ends things comes last: a member ends nothing of others, an administrator anything.
    for path in (work + personal, f"/api/v1/projects/{project}", f"/api/v1/assets/{data}"):
        check(f"a member does not delete {path.split('/')[3]} of others", outcome(people["member"], "DELETE", path) == FORBIDDEN)
    check("nor stops what is personal", outcome(people["member"], "POST", work + personal + "/stop") == FORBIDDEN)


def says_why(member, personal):
    """A refusal says why, to who sees the environment in the list (hostile: 'is not yours' tells nobody what to do)."""
    request = urllib.request.Request(
        member.weir.url + f"/api/v1/workloads/{personal}/enter", b"{}", method="POST",
        headers={"Authorization": "Bearer " + member.token, "Content-Type": "application/json", "Accept-Language": "en"})
    try:
        urllib.request.urlopen(request, timeout=20)
        text = "let in"
    except urllib.error.HTTPError as error:
        text = error.read().decode()
    check("the refusal names whose it is", "alice" in text and "personal" in text, text)
    seen = member.call("GET", f"/api/v1/workloads/{personal}")
    check("what is shown says who enters, and offers nothing else", seen["access"] == "personal" and not {"enter", "start"} & set(seen["operations"])
          and seen["rights"] == [] and seen["environment"]["on_idle"] is None, seen)


def console(people, things):
    """The console's pages offer what the table allows, and its forms are held to it."""

    def send(person, method, path, fields=None):
        secret = person.token
        body = None
        if fields is not None:
            fields["_csrf"] = hashlib.sha256(f"weir form {secret}".encode()).hexdigest()[:32]
            body = urllib.parse.urlencode(fields)
        place = urllib.parse.urlsplit(person.weir.url)
        connection = http.client.HTTPConnection(place.netloc, timeout=30)
        headers = {"Cookie": "weir_session=" + secret, "Sec-Fetch-Site": "same-origin", "Origin": person.weir.url}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")

    personal, shared = things["personal"], things["shared"]
    for who in ("member", "administrator"):
        status, page = send(people[who], "GET", f"/workloads/{personal}")
        check(f"{who} sees the personal one, and no way in", status == 200 and f"/form/workloads/{personal}/enter" not in page
              and "/processes" not in page, page[:300])
        status, page = send(people[who], "GET", f"/workloads/{shared}")
        check(f"{who} sees the way into the shared one", status == 200 and f"/form/workloads/{shared}/enter" in page, page[:300])
        status, page = send(people[who], "POST", f"/form/workloads/{personal}/enter?_open=url", {"tool": "terminal", "_from": f"/workloads/{personal}"})
        check(f"the form leads {who} nowhere", status == 403 and "token=" not in page, (status, page[:300]))
    status, page = send(people["stranger"], "GET", f"/workloads/{shared}")
    check("a stranger sees no page", status in (303, 404), status)


def doors(world, people, things, project):
    """The gateway, SSH, SFTP and git."""
    personal, shared = things["personal"], things["shared"]
    address, cookie = entered(people["member"].call("POST", f"/api/v1/workloads/{shared}/enter", {"tool": "terminal"})["url"])
    check("the member's way into the shared terminal opens", b"200" in tool(address, cookie)[:40])
    other = address.replace(shared, personal)
    check("and opens no personal one", b"200" not in tool(other, cookie)[:40])

    owner = world.shell(people["alice"], personal)
    check("who made it enters", owner("id -u").stdout == b"0\n")
    user = people["alice"].call("GET", f"/api/v1/workloads/{personal}/ssh")["user"]
    rest = user[user.index("@"):]
    for who in ("member", "administrator", "stranger"):
        person = people[who]
        client = world.client(person)
        for name in (user, person.login + rest):
            answer = client.ssh(name, "cat /home/user/secret")
            check(f"SSH does not let {who} in as {name.split('@')[0]}", answer.returncode == 255 and b"mine" not in answer.stdout, answer)
            check("nor SFTP", client.sftp(name, "get /home/user/secret /dev/null\n").returncode != 0)
            forwarded = subprocess.run(
                ["ssh", *client.options("-o", "ExitOnForwardFailure=yes", "-W", "127.0.0.1:8888"), "-p", str(world.weir.ssh_port),
                 f"{name}@127.0.0.1"], input=b"", capture_output=True, timeout=30)
            check("nor is a port forwarded", forwarded.returncode == 255, forwarded)
    within = world.shell(people["member"], shared)
    check("the shared one lets the member in by the own key", within("id -u").stdout == b"0\n", within("id -u"))

    code = world.code_user(people["member"], project)
    with sftp(world.client(people["member"]), code) as files:
        files.putfo(io.BytesIO(b"shared"), "/upload/by-member.txt")
        check("a colleague's code stays writable (IDW-08)", "by-member.txt" in files.listdir("/upload"))
    answer = world.client(people["stranger"]).sftp(people["stranger"].login + code[code.index("@"):], "ls\n")
    check("a stranger's is not", answer.returncode != 0, answer)
    git = subprocess.run(
        ["git", "ls-remote", f"ssh://{people['stranger'].login}{code[code.index('@'):]}@127.0.0.1:{world.weir.ssh_port}/"],
        env={"GIT_SSH_COMMAND": "ssh " + " ".join(world.client(people["stranger"]).options()), "PATH": "/usr/bin:/bin", "GIT_TERMINAL_PROMPT": "0"},
        capture_output=True, timeout=30)
    check("nor by git", git.returncode != 0, git)


def tool(address, cookie):
    place = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(place.netloc, timeout=20)
    connection.request("GET", place.path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    return f"{answer.status} ".encode() + answer.read()


def folders(world, people, things, project):
    """Whose folders each has (STO-03): what is personal its maker's, what is shared the workspace's, in every instance of it."""
    own, within = world.shell(people["alice"], things["personal"]), world.shell(people["member"], things["shared"])
    check("a personal one has the maker's home", own("cat /home/user/secret").stdout == b"mine\n")
    answer = within("ls -A /home/user /ark-contexts/data; cat /home/user/secret")
    check("the shared one has nothing of it", b"mine" not in answer.stdout and b"secret" not in answer.stdout, answer)
    check("but a folder of its own", within("echo ours > /home/user/ours && echo kept > /ark-contexts/data/kept").returncode == 0)
    _, log = world.job(people["alice"], project, "cat /home/user/*; ls /ark-contexts/data", name="mine")
    check("a job has its maker's", "mine" in log and "ours" not in log, log)
    _, log = world.job(people["member"], project, "cat /home/user/*; ls /ark-contexts/data", name="theirs")
    check("another's job that one's", "mine" not in log and "ours" not in log, log)
    _, log = world.job(people["member"], project, "cat /home/user/*; ls /ark-contexts/data", name="ours", access="shared")
    check("a shared job the workspace's", "ours" in log and "kept" in log and "mine" not in log, log)
    check("which no personal one sees", b"ours" not in own("ls /home/user /ark-contexts/data").stdout)

    body = {"name": "leak", "image": IMAGE, "flavor": "small", "datasets": [{"asset": things["private"]}]}
    path = f"/api/v1/projects/{project}/environments"
    check("what somebody keeps to themselves is mounted in nothing that others enter (DAT-14)",
          outcome(people["alice"], "POST", path, {**body, "access": "shared"})[1] == "private_in_shared")
    check("nor in anything of others", outcome(people["member"], "POST", path, body) == HIDDEN)


def accounts(people, things):
    """Whoever starts what is shared pays for it (audit-c F9); administrators end anything."""
    shared, personal = things["shared"], things["personal"]
    people["alice"].call("POST", f"/api/v1/workloads/{shared}/stop")
    people["alice"].wait(shared, "stopped")
    seen = people["member"].call("POST", f"/api/v1/workloads/{shared}/start")
    check("what a colleague starts is on their account", seen["started_by"]["login"] == "mia" and seen["created_by"]["login"] == "alice", seen)
    runs = people["alice"].call("GET", f"/api/v1/workloads/{shared}/runs")["items"]
    check("and earlier runs are not", [run["started_by"]["login"] for run in runs] == ["mia", "alice"], runs)
    check("an administrator stops what is personal", outcome(people["administrator"], "POST", f"/api/v1/workloads/{personal}/stop") == DONE)
    people["alice"].wait(personal, "stopped")
    check("and does not start it again", outcome(people["administrator"], "POST", f"/api/v1/workloads/{personal}/start") == FORBIDDEN)
    check("but deletes it", outcome(people["administrator"], "DELETE", f"/api/v1/workloads/{personal}")[0] == 200)


def main():
    with tenants() as world:
        people = {"alice": world.alice, "member": world.member, "administrator": world.administrator, "stranger": world.stranger,
                  "operator": world.operator}
        alice, workspace = world.alice, world.a
        project = world.project(alice, workspace)
        # The member works elsewhere, too: being somebody there opens nothing here.
        world.project(world.bob, world.b, "elsewhere")

        def dataset(name, visibility):
            made = alice.call("POST", f"/api/v1/workspaces/{workspace}/assets", {"kind": "dataset", "name": name, "visibility": visibility})["id"]
            with sftp(world.client(alice), alice.call("GET", f"/api/v1/assets/{made}/draft/sftp")["user"]) as files:
                files.putfo(io.BytesIO(b"secret"), "/upload/a.txt")
            # The session is over for the gateway a moment after it is for its client.
            confirmed = until(lambda: outcome(alice, "POST", f"/api/v1/assets/{made}/versions", {}) == DONE)
            check(f"a version of {name} is there", confirmed)
            return made

        things = {
            "personal": world.environment(alice, project, "alone"),
            "shared": world.environment(alice, project, "together", access="shared"),
            "private": dataset("private", "owner"), "data": dataset("data", "workspace"),
        }
        body = {"name": "long", "image": IMAGE, "flavor": "small", "command": "sleep 300", "variables": {"HUB_TOKEN": "sesame"}}
        things["job"] = alice.call("POST", f"/api/v1/projects/{project}/jobs", body)["id"]
        alice.wait(things["job"], "running")
        own = world.shell(alice, things["personal"])
        check("a secret is put into a home", own("umask 077; echo mine > /home/user/secret").returncode == 0)

        only = set(sys.argv[1:])
        for name, part in (
            ("api", lambda: api(people, things, project, workspace)), ("says_why", lambda: says_why(people["member"], things["personal"])),
            ("console", lambda: console(people, things)), ("folders", lambda: folders(world, people, things, project)),
            # The last to come by SSH: whoever tries somebody's name with other keys locks it for this place.
            ("doors", lambda: doors(world, people, things, project)), ("accounts", lambda: accounts(people, things)),
        ):
            if not only or name in only:
                print(name)
                part()


if __name__ == "__main__":
    main()
