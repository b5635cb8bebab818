"""One story on real Podman: a kernel and a terminal through the gateway, jobs with their logs and ends, a service on its port."""

import json
import os
import pathlib
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import websocket
from cell import Jupyter
from running_weir import Weir


def check(what, holds, seen=None):
    if not holds:
        raise SystemExit(f"FAILED: {what}: {seen!r}")
    print(f"  {what}", flush=True)


def kernel_and_terminal(person, environment):
    entry = person.call("POST", f"/api/v1/workloads/{environment}/enter", {"tool": "jupyterlab"})["url"]
    jupyter = Jupyter(entry)
    kernel = jupyter.call("POST", "api/kernels", {"name": "python3"})["id"]
    text, failure = jupyter.run(kernel, "import os; print(6 * 7, os.getcwd())")
    check("a kernel answers through the gateway's websocket", failure is None and text.startswith("42 "), (text, failure))
    text, failure = jupyter.run(kernel, f"print(len('{'x' * (20 << 20)}'))")
    check("a cell of 20 MiB is one message to the kernel (bugs R3)",
          failure is None and text.strip() == str(20 << 20), (text[:100], failure))
    jupyter.call("DELETE", f"api/kernels/{kernel}")
    names = {jupyter.call("POST", "api/terminals", {})["name"] for _ in range(2)}
    again = Jupyter(person.call("POST", f"/api/v1/workloads/{environment}/enter", {"tool": "jupyterlab"})["url"])
    there = {terminal["name"] for terminal in again.call("GET", "api/terminals")}
    check("JupyterLab's terminals, several of them, live on when it is left and entered again (DEV-09)",
          len(names) == 2 and names <= there, there)
    for name in names:
        again.call("DELETE", f"api/terminals/{name}")

    entry = person.call("POST", f"/api/v1/workloads/{environment}/enter", {"tool": "terminal"})["url"]
    base, cookie = enter(entry)
    seen = type_into(base, cookie, "command -v python; echo $HOME; shopt -q login_shell && echo login")
    check("a login shell finds the image's python, and its home is the kept one (ux 1, STO-12)",
        "/opt/env/bin/python" in seen and "/home/user" in seen, seen)
    check("the shell is root in /gemini/code", "root:/gemini/code" in type_into(base, cookie, "echo $(id -un):$(pwd)"))
    type_into(base, cookie, "KEPT=me")
    check("the shell lives on when the page closes (X16, DEV-09)", "is-me" in type_into(base, cookie, "echo is-$KEPT"))


def enter(entry):
    """Where a tool lives, and the cookie that opens it."""

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *arguments):
            return None

    try:
        answer = urllib.request.build_opener(NoRedirect).open(entry, timeout=20)
    except urllib.error.HTTPError as error:
        answer = error
    cookie = "; ".join(value.split(";")[0] for value in answer.headers.get_all("Set-Cookie") or [])
    place = urllib.parse.urlsplit(urllib.parse.urljoin(entry, answer.headers["Location"]))
    return f"{place.scheme}://{place.netloc}{place.path}", cookie


def type_into(base, cookie, command):
    """What a terminal shows after a command, until it has been quiet for a while."""
    origin = base.split("/i/")[0]
    address = base.replace("http", "ws", 1) + "ws?name=main&columns=100&rows=30"
    connection = websocket.create_connection(address, timeout=20, cookie=cookie, origin=origin)
    mark = f"end-{time.monotonic_ns()}"
    connection.send_binary(f"{command}; echo {mark[:4]}''{mark[4:]}\r".encode())
    shown = ""
    while mark not in shown:
        data = connection.recv()
        shown += data.decode(errors="replace") if isinstance(data, bytes) else data
    connection.close()
    return shown


def job(person, project, image, name, command, **more):
    body = {"name": name, "image": image, "flavor": "small", "command": command, **more}
    return person.call("POST", f"/api/v1/projects/{project}/jobs", body)["id"]


def jobs(person, project, image):
    hungry = job(person, project, image, "hungry", "python3 -c \"x = bytearray(2 << 30); print(len(x))\"")
    crash = job(person, project, image, "crash", "exit 3")
    lines = job(person, project, image, "lines", "for i in $(seq 1 200); do echo line $i; done; sleep 1; echo last")
    failure = person.wait(hungry, "failed")["failure"]
    check("a job out of memory says so (TRN-13)", failure["code"] == "out_of_memory", failure)
    failure = person.wait(crash, "failed")["failure"]
    check("a crash is told apart from it", failure["code"] == "exit" and "3" in failure["message"], failure)

    person.wait(lines, "running", "completed")
    streamed = stream(person, lines, 0)
    check("a log is streamed from its beginning to its end", [line for _, line in streamed] ==
        [f"line {i}" for i in range(1, 201)] + ["last"], streamed[-3:])
    offset = streamed[99][0]
    rest = stream(person, lines, offset)
    check("and from an offset on", [line for _, line in rest] == [line for _, line in streamed[100:]], rest[:2])
    person.wait(lines, "completed")
    return lines


def stream(person, workload, offset):
    """The lines with the offset behind each, up to the end of the stream."""
    request = urllib.request.Request(person.weir.url + f"/api/v1/workloads/{workload}/logs/stream?offset={offset}")
    request.add_header("Authorization", "Bearer " + person.token)
    lines, event, identity = [], "", None
    with urllib.request.urlopen(request, timeout=60) as answer:
        for line in answer:
            name, _, value = line.decode().rstrip("\r\n").partition(": ")
            if name == "event":
                event = value
            elif name == "id":
                identity = int(value)
            elif name == "data" and event == "line":
                lines.append((identity, json.loads(value)["text"]))
            if event == "end":
                break
    return lines


def service(person, project, image, workspace):
    commitment = f"/api/v1/workspaces/{workspace}/commitments/port"
    person.call("POST", commitment, {"text_version": person.call("GET", commitment)["text_version"]})
    made = person.call(
        "POST", f"/api/v1/projects/{project}/services",
        {
            "name": "pages", "image": image, "flavor": "small", "port": 8000, "replicas": 2,
            "command": "mkdir -p /tmp/w && echo replica $WEIR_REPLICA > /tmp/w/index.html && python3 -m http.server -d /tmp/w 8000",
        },
    )["id"]
    person.wait(made, "running")
    port = person.call("GET", f"/api/v1/workloads/{made}/port")
    answers = {fetch(f"http://{port['address']}/", accept="text/html") for _ in range(20)}
    check("both replicas answer behind the external port, to browsers that open it (INF-04)",
          answers == {"replica 0", "replica 1"}, answers)
    answers = {fetch(f"http://{port['address']}/") for _ in range(20)}
    check("a program that keeps no cookies comes back to one of them (F4)", len(answers) == 1, answers)
    counted = person.call("GET", f"/api/v1/workloads/{made}/port")["requests"]
    check("requests are counted", counted == 40, counted)
    check("its protocol is told (INF-08)", port["url"] == f"http://{port['address']}/", port)
    return made


def fetch(url, accept="*/*"):
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept}), timeout=10) as answer:
        return answer.read().decode().strip()


def another_workspace(operator, made):
    stranger = operator.weir.another(operator, "mallory")
    stranger.call("POST", "/api/v1/workspaces", {"name": "elsewhere"})
    for workload in made:
        for method, path in [
            ("GET", ""), ("POST", "/stop"), ("GET", "/logs"), ("POST", "/enter"), ("GET", "/port"), ("DELETE", ""),
        ]:
            status = stranger.refusal(method, f"/api/v1/workloads/{workload}{path}", {} if path == "/enter" else None)
            if status != 404:
                raise SystemExit(f"FAILED: {method} {path} of another workspace's workload was answered {status}")
    check("a member of another workspace finds none of it (IDW-02)", True)
    status = None
    try:
        fetch(f"{operator.weir.gateway}/i/{made[0]}/jupyterlab/lab")
    except urllib.error.HTTPError as error:
        status = error.status
    check("nobody enters a tool without a token", status in (401, 403, 404), status)


def command_line(person, environment, workspace, project):
    """What a command loses is asked before it does it, and named; without a terminal only --yes agrees (X02, X21)."""
    weir = os.environ.get("WEIR") or str(pathlib.Path(__file__).parents[2] / ".build/debug/weir")
    variables = {"WEIR_SERVER": person.weir.url, "WEIR_TOKEN": person.token, "WEIR_WORKSPACE": workspace, "WEIR_PROJECT": project}

    def run(*arguments):
        return subprocess.run(
            [weir, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, env={**os.environ, **variables})

    for command in ("stop", "delete"):
        answer = run("env", command, "lab")
        check(f"weir env {command} does nothing unasked", answer.returncode == 2 and "not_confirmed" in answer.stderr, answer)
    state = person.call("GET", f"/api/v1/workloads/{environment}")["state"]
    check("and the environment runs on", state == "running", state)
    answer = run("project", "data", "digits")
    check("weir project data lists what is mounted (PRJ-13)", answer.returncode == 0, answer)
    answer = run("env", "enter", "lab", "--tool", "tensorboard", "--quiet")
    check("weir env enter opens TensorBoard on the environment's output (DEV-05)", answer.returncode == 0, answer)
    base, cookie = enter(answer.stdout.strip())
    request = urllib.request.Request(base + "data/environment", headers={"Cookie": cookie})
    with urllib.request.urlopen(request, timeout=20) as shown:
        seen = json.load(shown)
    check("which shows /gemini/output", seen["data_location"] == "/gemini/output", seen)
    processes = [one["command"] for one in person.call("GET", f"/api/v1/workloads/{environment}/processes")["items"]]
    again = run("env", "enter", "lab", "--tool", "tensorboard", "--quiet")
    count = sum("tensorboard" in command for command in processes)
    after = person.call("GET", f"/api/v1/workloads/{environment}/processes")["items"]
    check("entered again it is the same one", again.returncode == 0 and sum("tensorboard" in one["command"] for one in after) == count, after)


def main():
    with Weir() as weir:
        operator = weir.operator()
        weir.official_images(operator)
        images = operator.call("GET", "/api/v1/images")["items"]
        notebook = next(image["id"] for image in images if "notebook" in image["reference"])
        python = next(image["id"] for image in images if "python" in image["reference"])
        workspace = operator.call("POST", "/api/v1/workspaces", {"name": "story"})["id"]
        project = operator.call("POST", f"/api/v1/workspaces/{workspace}/projects", {"name": "digits"})["id"]
        environment = operator.call(
            "POST", f"/api/v1/projects/{project}/environments", {"name": "lab", "image": notebook, "flavor": "medium"}
        )["id"]
        done = jobs(operator, project, python)
        pages = service(operator, project, python, workspace)
        operator.wait(environment, "running")
        kernel_and_terminal(operator, environment)
        command_line(operator, environment, workspace, project)
        another_workspace(operator, [environment, done, pages])
        for workload in (environment, pages):
            operator.call("DELETE", f"/api/v1/workloads/{workload}")
        deadline = time.monotonic() + 60
        while weir.containers() and time.monotonic() < deadline:
            time.sleep(0.2)
        check("no container is left", not weir.containers(), weir.containers())


if __name__ == "__main__":
    main()
