"""TensorBoard on a folder that wants to harm its neighbours or who looks at it (hostile, "not done"): links, records without an end, names that are
markup, a thousand runs. A pipe among the events is left out: TensorBoard itself waits for it for ever, in the board of whoever laid it there."""

import contextlib
import http.client
import json
import urllib.parse

from hostile_common import check, entered, tenants, until
from running_weir import NOTEBOOK

# What a job leaves. Of records: a length, its checksum, the bytes, their checksum, as TensorFlow writes them.
HOSTILE = r'''
import os, struct
root = "/gemini/output/bad"
os.makedirs(root)
os.chdir(root)
def events(folder, data, name="events.out.tfevents.1.host"):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file: file.write(data)
events("garbage", os.urandom(1 << 20))
events("endless", struct.pack("<Q", 1 << 62) + b"\0" * 100)
events("zeros", b"\0" * (1 << 20))
events("empty", b"")
with open("sparse.tfevents", "wb") as file: file.truncate(1 << 34)
events("<script>alert(1)</script>", os.urandom(100))
events("a\nb\r\nSet-Cookie: x=1", os.urandom(100))
events("..%2f..%2fetc", os.urandom(100))
events("名" * 60, os.urandom(100))
for number in range(1000): events(f"runs/{number}", struct.pack("<Q", 7) + b"x")
os.makedirs("linked"); os.symlink("/etc/passwd", "linked/events.out.tfevents.3.host"); os.symlink("/", "root"); os.symlink("..", "linked/up"); os.symlink(".", "self")
os.makedirs("projector/plugins"); open("projector/projector_config.pbtxt", "w").write('embeddings { tensor_path: "/etc/shadow" metadata_path: "/proc/self/environ" }')
deep = "."
for _ in range(200):
    deep += "/d"; os.makedirs(deep)
os.chmod("garbage", 0)
print("laid out")
'''


def ask(address, cookie, path, method="GET"):
    place = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(place.netloc, timeout=60)
    with contextlib.closing(connection):
        connection.request(method, urllib.parse.urljoin(place.path, path), headers={"Cookie": cookie})
        answer = connection.getresponse()
        return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()


def main():
    with tenants() as world:
        world.weir.official_images(world.operator)
        project = world.project(world.alice, world.a)
        seen, log = world.python(world.alice, project, HOSTILE)
        check("the folder is laid out", seen["state"] == "completed" and "laid out" in log, log)
        before = world.alice.call("GET", f"/api/v1/projects/{project}/output?path=jobs/{seen['id']}/bad")
        board = world.alice.call("POST", f"/api/v1/projects/{project}/boards", {
            "name": "bad", "image": NOTEBOOK, "flavor": "medium", "path": "/gemini/output"})["id"]
        world.alice.wait(board, "running", seconds=150)
        address, cookie = entered(world.alice.call("POST", f"/api/v1/workloads/{board}/enter")["url"])
        check("the board answers in spite of the records without an end", until(lambda: ask(address, cookie, "data/environment")[0] == 200, 60))
        status, headers, page = ask(address, cookie, "./")
        check("its page is there", status == 200 and b"<script>alert(1)" not in page, status)
        runs = lambda: ask(address, cookie, "data/runs")
        check("the runs are listed", until(lambda: runs()[0] == 200, 60), runs()[0])
        check("as JSON, whose names no browser takes for markup", "json" in runs()[1]["content-type"] and "set-cookie" not in runs()[1], runs()[1])
        for path in ("data/plugin/projector/info?run=projector", "data/plugin/projector/metadata?run=projector&name=x", "data/plugin/projector/tensor?run=projector&name=x",
                     "data/plugin/text/text?run=linked&tag=x", "data/plugin_entry.js?name=../../../etc/passwd", "../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd",
                     "data/../../../../etc/passwd", "/etc/passwd", "//etc/passwd", "static/../../etc/passwd"):
            status, headers, body = ask(address, cookie, path)
            check(f"nothing of the container is read by {path}", b"root:x:0" not in body and b"PATH=" not in body, body[:200])
            check("and nothing leads elsewhere", "evil" not in headers.get("location", ""), headers)
        check("without the cookie it is closed", ask(address, "", "data/runs")[0] == 401)
        for person in (world.bob, world.stranger):
            refused = None
            try:
                person.call("POST", f"/api/v1/workloads/{board}/enter")
            except Exception as error:
                refused = getattr(error, "status", None)
            check("others do not come in", refused == 404, refused)
        usage = world.alice.call("GET", f"/api/v1/workloads/{board}")
        # Its own program may need more memory for such a folder than its flavor has; nobody else's does.
        check("the board goes on, or is told to have used up its own memory",
              usage["state"] == "running" or (usage.get("failure") or {}).get("code") == "out_of_memory", usage)
        check("and so does Weir", world.weir.process.poll() is None and ask(world.weir.url + "/", "", "healthz")[0] == 200)
        world.alice.call("DELETE", f"/api/v1/workloads/{board}")
        check("what it looked at was not changed", json.dumps(world.alice.call("GET", f"/api/v1/projects/{project}/output?path=jobs/{seen['id']}/bad")) == json.dumps(before))
    print("boards: all held")


if __name__ == "__main__":
    main()
