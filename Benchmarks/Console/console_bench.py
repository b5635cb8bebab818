"""The console in a browser: what its first page brings and how soon it shows something, and how soon the terminal echoes a key.

Asked for: at most 100 KiB transferred by a browser that has nothing of it yet, at most 200 ms to content, and an echo at most 30 ms later
than that of a raw `podman exec` on a terminal of its own. The echo counts from the key's event to the letter in the page, drawing included.
What the browser itself takes is told by the same bytes as files of nginx, shown in turn with Weir's; and by those with the header that has
Chromium begin a process of its own for the console (`Cross-Origin-Opener-Policy`), as Weir sends it.
"""

import contextlib
import os
import pathlib
import pty
import select
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from common import console, expect, text
from running_weir import NOTEBOOK, PODMAN, free_port

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
KEYS = 40

# From the beginning of the navigation: to the page's first byte, to its last, to the last byte of what it needs to be drawn, to the
# first content that was drawn; and all bytes that came, heads included.
LOADED = """async () => {
  const painted = () => performance.getEntriesByName("first-contentful-paint")[0];
  while (!painted()) await new Promise((done) => setTimeout(done, 5));
  await new Promise((done) => document.readyState === "complete" ? done() : addEventListener("load", done));
  const [page] = performance.getEntriesByType("navigation");
  const files = performance.getEntriesByType("resource");
  const blocking = files.filter((file) => file.renderBlockingStatus === "blocking").map((file) => file.responseEnd);
  const bytes = [page, ...files].reduce((sum, entry) => sum + entry.transferSize, 0);
  return [page.responseStart, page.responseEnd, Math.max(page.responseEnd, ...blocking), painted().startTime, bytes];
}"""
FILES = "() => performance.getEntriesByType('resource').map((file) => file.name).filter((name) => !name.includes('/api/'))"

ECHOES = """() => {
  const rows = document.querySelector(".xterm-rows");
  const letters = () => rows.textContent.split("x").length;
  let [pressed, seen] = [null, letters()];
  window.echoes = [];
  addEventListener("keydown", (event) => { if (event.key === "x") pressed = event.timeStamp; }, true);
  new MutationObserver(() => {
    const now = letters();
    if (pressed !== null && now > seen) { window.echoes.push(performance.now() - pressed); pressed = null; }
    seen = now;
  }).observe(rows, { childList: true, subtree: true, characterData: true });
}"""


def judge(name, value, unit, goal):
    is_reached = value <= goal
    print(f"  {'reached' if is_reached else 'MISSED '}  {name}: {value:.1f} {unit}, at most {goal:g} {unit}")
    return is_reached


def opened(world, url, state):
    """What a browser measures that has nothing but, where `state` is given, its session."""
    context = world.browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}, storage_state=state)
    page = context.new_page()
    page.goto(url)
    measured = page.evaluate(LOADED)
    files = page.evaluate(FILES)
    context.close()
    return measured, files


def first_page(world, path, state):
    """What each contender measures, medians of the rounds, and the median of their ratios; the largest of Weir's sizes."""
    _, files = opened(world, world.weir.url + path, state)
    with nginx(world, path, files, state) as (plain, isolated):
        contenders = {"weir": (world.weir.url + path, state), "nginx": (plain, None), "nginx, own process": (isolated, None)}
        measured = {name: [] for name in contenders}
        for round_ in range(ROUNDS):
            for name in list(contenders)[:: 1 if round_ % 2 else -1]:
                measured[name].append(opened(world, *contenders[name])[0])
    sizes = [size for *_, size in measured["weir"]]
    ratios = {
        name: statistics.median(own[3] / other[3] for own, other in zip(measured["weir"], others)) for name, others in measured.items()
    }
    return {name: [statistics.median(steps) for steps in zip(*rounds)] for name, rounds in measured.items()}, ratios, max(sizes) / 1024


@contextlib.contextmanager
def nginx(world, path, files, state):
    """The page as a browser gets it, and its files, from a folder."""
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in (state or {}).get("cookies", []))
    with tempfile.TemporaryDirectory() as folder:
        root, ports = pathlib.Path(folder, "www"), (free_port(), free_port())
        for address in [world.weir.url + path, *files]:
            request = urllib.request.Request(address, headers={"Accept": "text/html", "Accept-Language": "en-GB", "Cookie": cookies})
            name = root / ((address.removeprefix(world.weir.url).split("?")[0]).strip("/") or "index.html")
            name.parent.mkdir(parents=True, exist_ok=True)
            name.write_bytes(urllib.request.urlopen(request).read())
        pathlib.Path(folder, "nginx.conf").write_text(NGINX.format(folder=folder, root=root, plain=ports[0], isolated=ports[1]))
        process = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf", "-p", folder, "-e", f"{folder}/log"])
        try:
            for _ in range(100):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{ports[1]}{path}").read()
                    break
                time.sleep(0.05)
            yield [f"http://127.0.0.1:{port}{path}" for port in ports]
        finally:
            process.terminate()
            process.wait()


NGINX = """daemon off; user root; worker_processes 1; pid {folder}/pid;
events {{ worker_connections 64; }}
http {{
  access_log off; tcp_nodelay on; default_type text/html; charset utf-8;
  types {{ text/html html; text/css css; text/javascript js; image/svg+xml svg; }}
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  root {root};
  server {{ listen 127.0.0.1:{plain}; }}
  server {{ listen 127.0.0.1:{isolated}; add_header Cross-Origin-Opener-Policy same-origin; }}
}}
"""


def in_browser(page):
    """Milliseconds from key to letter."""
    page.evaluate("window.echoes = []")
    for _ in range(KEYS):
        page.keyboard.press("x")
        page.wait_for_timeout(40)
    page.wait_for_function(f"window.echoes.length >= {KEYS * 9 // 10}")
    page.keyboard.press("Control+U")
    page.wait_for_timeout(200)
    return page.evaluate("window.echoes")


def raw(container):
    """The same with `podman exec -it`."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("podman", ["podman", "--remote", "--url", f"unix://{PODMAN}", "exec", "-it", container, "bash"])
    try:
        read_until(terminal, b"#", 20)
        time.sleep(0.5)
        times = []
        for _ in range(KEYS):
            begun = time.perf_counter()
            os.write(terminal, b"x")
            read_until(terminal, b"x", 5)
            times.append((time.perf_counter() - begun) * 1000)
            time.sleep(0.04)
        return times
    finally:
        os.write(terminal, b"\x15exit\n")
        os.close(terminal)
        os.waitpid(pid, 0)


def read_until(terminal, wanted, seconds):
    deadline, seen = time.monotonic() + seconds, b""
    while wanted not in seen:
        if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
            raise SystemExit(f"podman exec said {seen!r} and no {wanted!r}")
        seen += os.read(terminal, 4096)
    return seen


def echo(world, workspace):
    project = world.operator.call("POST", f"/api/v1/workspaces/{workspace}/projects", {"name": "digits"})["id"]
    lab = world.operator.call("POST", f"/api/v1/projects/{project}/environments", {"name": "lab", "image": NOTEBOOK, "flavor": "medium"})["id"]
    world.operator.wait(lab, "running")
    page = world.person()
    expect(page.locator("header .switch").first).to_be_visible()
    page.goto(f"{world.weir.url}/workloads/{lab}")
    with page.context.expect_page() as opened:
        page.locator("#head").get_by_role("button", name=text("codes.terminal")).click()
    terminal = opened.value
    expect(terminal.locator(".xterm-rows")).to_contain_text("#", timeout=60_000)
    terminal.evaluate(ECHOES)
    [container] = world.weir.containers()
    own, peer = [], []
    for round_ in range(ROUNDS):
        for measure in (lambda: own.append(statistics.median(in_browser(terminal))), lambda: peer.append(statistics.median(raw(container))))[:: 1 if round_ % 2 else -1]:
            measure()
    return statistics.median(own), statistics.median(peer)


def main():
    # The folder that common.py would take for screenshots is none here.
    del sys.argv[1:]
    fine = True
    with console() as world:
        workspace = world.prepare()
        page = world.person()
        state = page.context.storage_state()
        page.context.close()
        for name, path, session in (("the login page", "/login", None), ("the home page", "/", state)):
            measured, ratios, size = first_page(world, path, session)
            print(f"{name}, by a browser that has nothing of it: ms to the first byte, the last, all that is needed, content")
            for contender, (*steps, _) in measured.items():
                print(f"  {contender:<20}" + "".join(f"{step:8.1f}" for step in steps) + f"   x {ratios[contender]:.2f}")
            fine &= judge(f"{name}, transferred", size, "KiB", 100)
            fine &= judge(f"{name}, to content", measured["weir"][3], "ms", 200)
        world.weir.official_images(world.operator)
        own, peer = echo(world, workspace)
        print(f"echo of a key: {own:.1f} ms in the page, {peer:.1f} ms by podman exec")
        fine &= judge("echo of a key, later than by podman exec", own - peer, "ms", 30)
    if not fine:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
