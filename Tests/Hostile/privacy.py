"""What somebody keeps to themselves, sought by a colleague, an administrator and the operator; who leaves; a workspace that ends (audit-a 4, audit-c F7)."""

import pathlib
import re
import urllib.error
import urllib.request

from hostile_common import Refused, check, outcome, tenants, until

NAME = "grades-of-student-4711"
ROOT = pathlib.Path(__file__).parents[2]
DOCUMENT = (ROOT / "Sources/WeirHTTP/OpenAPI/openapi.yaml").read_text()


def short_graces(folder):
    with open(folder / "weir.yaml", "a") as file:
        file.write("limits: { leaving_grace: 3s, closing_grace: 3s }\n")


def readings():
    """Every path of the document that can be read and comes to an end."""
    parts = re.split(r"\n  (/api/v1/[^\n]*):\n", DOCUMENT.split("\ncomponents:")[0])
    for path, text in zip(parts[1::2], parts[2::2]):
        get = re.search(r"\n    get:\n(.*?)(?=\n    \w+:\n|\Z)", "\n" + text, re.S)
        if get and "x-stream: true" not in get.group(1):
            yield path


def page(person, path):
    request = urllib.request.Request(person.weir.url + path, headers={"Cookie": "weir_session=" + person.token, "Accept": "text/html"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode(errors="replace")


def sought(person, objects):
    """All that Weir says to somebody, by API and console."""
    seen = {}
    for path in readings():
        filled = re.sub(r"\{(\w+)\}", lambda name: objects.get(name.group(1), "x"), path)
        for query in ["?kind=dataset"] if path.endswith("/assets") else [""]:
            try:
                answer = person.call("GET", filled + query)
            except Refused as refused:
                answer = refused.body
            seen[path] = answer if isinstance(answer, str) else repr(answer)
    pages = [
        "/", "/datasets", "/projects", f"/projects/{objects['project']}", f"/projects/{objects['project']}/data", "/money", "/money/storage",
        "/members", "/records", "/quotas", "/jobs", f"/workloads/{objects['workload']}", f"/assets/{objects['asset']}", "/environments/new",
    ]
    for path in pages:
        seen["page " + path] = page(person, path)
    return seen


def dataset(person, workspace, name, visibility):
    made = person.call("POST", f"/api/v1/workspaces/{workspace}/assets", {"kind": "dataset", "name": name, "visibility": visibility})["id"]
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n4711,2.3\r\n--x--\r\n'
    person.call("POST", f"/api/v1/assets/{made}/draft/files", headers={"Content-Type": "multipart/form-data; boundary=x"}, raw=body)
    person.call("POST", f"/api/v1/assets/{made}/versions", {})
    return made


with tenants(short_graces) as scene:
    alice, mia, adam, operator, a = scene.alice, scene.member, scene.administrator, scene.operator, scene.a
    project = scene.project(alice, a)
    hidden = dataset(alice, a, NAME, "owner")
    mounting, _ = scene.job(alice, project, "true", name="mounts-it", datasets=[{"asset": hidden}])
    objects = {"workspace": a, "project": project, "asset": hidden, "workload": mounting["id"], "job": mounting["id"], "number": "1",
               "month": "2026-11", "scope": "workspace", "login": "alice"}
    for who, person in [("a member", mia), ("an administrator", adam), ("the operator", operator)]:
        answers = sought(person, objects)
        told = [path for path, text in answers.items() if NAME in text or (hidden in text and "page /assets" not in path)]
        check(f"a private dataset is in none of {len(answers)} answers to {who}", len(answers) > 60 and not told, told)
    check("its maker finds it", NAME in repr(sought(alice, objects)["/api/v1/assets/{asset}"]))

    mine = mia.call("POST", f"/api/v1/workspaces/{a}/assets", {"kind": "dataset", "name": NAME})["id"]
    check("its name is free for a colleague", mia.call("GET", f"/api/v1/assets/{mine}")["name"] == NAME)
    check("its name stays its own when it is to be shown to all", outcome(alice, "PATCH", f"/api/v1/assets/{hidden}", {"visibility": "workspace"}) == (409, "name_taken"))
    again = outcome(mia, "POST", f"/api/v1/workloads/{mounting['id']}/rerun", {})
    check("what mounts it is run again by nobody else", again == (403, "own_data_mounted"), again)
    for person in (mia, adam, operator):
        other = {outcome(person, method, f"/api/v1/assets/{hidden}", body) for method, body in [("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)]}
        check("it cannot be read, changed or deleted", other == {(404, "not_found")}, other)

    # Who leaves.
    lost = dataset(mia, a, "left-by-mia", "owner")
    kept = dataset(adam, a, "left-by-adam", "owner")
    alice.call("DELETE", f"/api/v1/workspaces/{a}/members/mia")
    alice.call("DELETE", f"/api/v1/workspaces/{a}/members/adam")
    left = alice.call("GET", f"/api/v1/workspaces/{a}/left-behind")
    check("what leavers kept is listed by kind and size, without names", "left-by" not in repr(left) and lost not in repr(left) and
          {person["account"]["login"]: [thing["kind"] for thing in person["things"]] for person in left["items"]} == {"mia": ["dataset"], "adam": ["dataset"]}, left)
    alice.call("PUT", f"/api/v1/workspaces/{a}/members/adam", {"role": "member"})
    check("the owner has what was left behind", until(lambda: outcome(alice, "GET", f"/api/v1/assets/{lost}")[0] == 200, 45))
    check("who is back within the grace time has kept it", outcome(adam, "GET", f"/api/v1/assets/{kept}")[0] == 200 and outcome(alice, "GET", f"/api/v1/assets/{kept}")[0] == 404)
    named = alice.call("GET", f"/api/v1/assets/{lost}")["name"]
    check("what another made is deleted by its name", outcome(alice, "DELETE", f"/api/v1/assets/{lost}") == (409, "name_not_typed"))
    alice.call("DELETE", f"/api/v1/assets/{lost}", {"confirm": named})

    # A workspace ends.
    end = scene.stranger.call("POST", "/api/v1/workspaces", {"name": "to-end"})["id"]
    scene.project(scene.stranger, end)
    path = f"/api/v1/workspaces/{end}"
    check("nobody else closes it", outcome(alice, "DELETE", path, {"name": "to-end"}) == (404, "not_found"))
    check("nor does a wrong name", outcome(scene.stranger, "DELETE", path, {"name": "vision"}) == (400, "name_differs"))
    scene.stranger.call("DELETE", path, {"name": "to-end"})
    check("nothing new begins in it", outcome(scene.stranger, "POST", path + "/projects", {"name": "new"}) == (409, "workspace_closing"))
    scene.stranger.call("POST", path + "/reopen")
    scene.stranger.call("DELETE", path, {"name": "to-end"})
    check("it is closed after the grace time", until(lambda: scene.stranger.call("GET", path)["state"] == "closed", 45))
    check("its bills are read, its name is free", scene.stranger.call("GET", path + "/entries")["items"] and alice.call("POST", "/api/v1/workspaces", {"name": "to-end"})["id"])
    check("the operator sees that it is closed", (end, "closed") in [(one["id"], one["state"]) for one in operator.call("GET", "/api/v1/operator/workspaces?limit=200")["items"]])
print("privacy: all held")
