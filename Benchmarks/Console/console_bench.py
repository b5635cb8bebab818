"""The console in a browser: what its first page brings and how soon it shows something, and how soon the terminal echoes a key.

Asked for: at most 100 KiB transferred by a browser that has nothing of it yet, at most 200 ms to content, and an echo at most 30 ms later
than that of a raw `podman exec` on a terminal of its own. The echo counts from the key's event to the letter in the page, drawing included.
"""

import os
import pty
import select
import statistics
import subprocess
import sys
import time

from common import console, expect, text
from running_weir import NOTEBOOK, PODMAN

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
KEYS = 40

# From the beginning of the navigation to the first text that was drawn, and all bytes that came, heads included.
LOADED = """async () => {
  const painted = () => performance.getEntriesByName("first-contentful-paint")[0];
  while (!painted()) await new Promise((done) => setTimeout(done, 5));
  await new Promise((done) => document.readyState === "complete" ? done() : addEventListener("load", done));
  const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return [painted().startTime, all.reduce((sum, entry) => sum + entry.transferSize, 0)];
}"""

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


def first_page(world, path, log_in):
    """Of a browser that was never here; who is logged in has seen the login page before, and nothing is kept of that."""
    times, sizes = [], []
    for _ in range(ROUNDS):
        page = world.person() if log_in else world.visitor()
        if log_in:
            expect(page.locator("header .switch").first).to_be_visible()
            page.context.new_cdp_session(page).send("Network.clearBrowserCache")
            page.goto("about:blank")
        page.goto(world.weir.url + path)
        painted, size = page.evaluate(LOADED)
        times.append(painted)
        sizes.append(size / 1024)
        page.context.close()
    return statistics.median(times), max(sizes)


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
        for name, path, log_in in (("the login page", "/login", False), ("the home page", "/", True)):
            painted, size = first_page(world, path, log_in)
            print(f"{name}, by a browser that has nothing of it")
            fine &= judge(f"{name}, transferred", size, "KiB", 100)
            fine &= judge(f"{name}, to content", painted, "ms", 200)
        if not world.weir.official_images(world.operator):
            print("SKIPPED: the notebook image is not built on this host; `weir image build-official` builds it")
        else:
            own, peer = echo(world, workspace)
            print(f"echo of a key: {own:.1f} ms in the page, {peer:.1f} ms by podman exec")
            fine &= judge("echo of a key, later than by podman exec", own - peer, "ms", 30)
    if not fine:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
