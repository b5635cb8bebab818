"""What runs: stopped, started, renamed, its processes ended, its plots; how fast a change and a long log are seen; the queue; the idle policy."""

import calendar
import re
import statistics
import time

from common import expect, prepared, text
from frame import accessible
from running_weir import NOTEBOOK


def state(page, name):
    return page.locator(f"#head .state.{name}")


def begun(world, project):
    """An environment, a service and a job, as the story's clicks make them."""
    workspace = world.operator.call("GET", f"/api/v1/projects/{project}")["workspace"]
    text_version = world.operator.call("GET", f"/api/v1/workspaces/{workspace}/commitments/port")["text_version"]
    world.operator.call("POST", f"/api/v1/workspaces/{workspace}/commitments/port", {"text_version": text_version})
    serve = "cd /tmp && echo '<p>it answers</p>' > index.html && exec python -m http.server 8000"
    made = {}
    for kind, more in {
        "environment": {"name": "lab", "flavor": "medium", "tool": "jupyterlab"},
        "service": {"name": "pages", "flavor": "small", "command": serve, "port": 8000},
        "job": {"name": "steps", "flavor": "small", "command": "echo step 1; echo to stderr >&2"},
    }.items():
        made[kind] = world.operator.call("POST", f"/api/v1/projects/{project}/{kind}s", {"image": NOTEBOOK, **more})["id"]
    for kind, id in made.items():
        world.operator.wait(id, "completed" if kind == "job" else "running")
    return made


def stop_and_start(page, world, of):
    page.goto(f"{world.weir.url}/workloads/{of['environment']}")
    page.locator("#head").get_by_role("button", name=text("workloads.stop"), exact=True).click()
    question = page.locator("[popover].ask:popover-open")
    expect(question).to_contain_text("/gemini/code")
    question.get_by_role("button", name=text("workloads.stop"), exact=True).click()
    expect(state(page, "stopped")).to_be_visible(timeout=60_000)
    page.locator("#head").get_by_role("button", name=text("workloads.start"), exact=True).click()
    expect(state(page, "running")).to_be_visible(timeout=60_000)


def menu(page):
    """The "…" menu: another name, and what a process page shows."""
    page.locator("#head").get_by_role("button", name=text("workloads.more_of")).click()
    page.locator("[popover].more:popover-open").get_by_role("link", name=text("workloads.rename")).click()
    page.get_by_label(text("frame.name"), exact=True).fill("lab-2")
    page.get_by_role("button", name=text("workloads.save")).click()
    expect(page.locator("h1")).to_contain_text("lab-2")
    page.get_by_role("link", name=text("workloads.processes"), exact=True).click()
    expect(page.locator("#processes code").first).to_contain_text("jupyter")
    page.get_by_role("link", name=text("workloads.overview"), exact=True).click()
    expect(page.locator("#use svg.plot").first).to_be_visible(timeout=40_000)


def killed(page, world, of):
    """A process is ended by clicking, after it was asked; the others go on (DEV-29)."""
    terminal = tool(page, text("codes.terminal"))
    expect(terminal.locator(".xterm-rows")).to_contain_text("#", timeout=60_000)
    terminal.keyboard.type("sleep 4321 & echo is-$((6 * 7))\n")
    expect(terminal.locator(".xterm-rows")).to_contain_text("is-42")
    terminal.close()
    # Each click opens one more (review 5).
    for _ in range(2):
        tool(page, text("workloads.new_terminal")).close()
    page.goto(f"{world.weir.url}/workloads/{of['environment']}/processes")
    row = page.locator("#processes tr", has_text="sleep 4321")
    row.get_by_role("button", name=text("workloads.kill"), exact=True).first.click()
    asked = page.locator("[popover].ask:popover-open")
    expect(asked).to_contain_text("sleep 4321")
    asked.get_by_role("button", name=text("workloads.kill"), exact=True).click()
    expect(page.get_by_text(text("codes.done_killed"))).to_be_visible()
    expect(page.locator("#processes tr", has_text="sleep 4321")).to_have_count(0)
    expect(page.locator("#processes")).to_contain_text("jupyter")


def tool(page, name):
    with page.context.expect_page() as opened:
        page.locator("#head").get_by_role("button", name=name, exact=True).click()
    return opened.value


def requested(page, world, of):
    """The requests that reach a service's port are drawn (INF-12)."""
    page.goto(f"{world.weir.url}/workloads/{of['service']}")
    with page.context.expect_page() as opened:
        page.locator("#port").get_by_role("link", name=text("services.open")).click()
    expect(opened.value.get_by_text("it answers")).to_be_visible()
    for _ in range(20):
        opened.value.reload()
    opened.value.close()
    curve = page.locator("#use figure", has_text=text("workloads.plot_requests"))
    expect(curve.locator("polyline").first).to_be_visible(timeout=60_000)
    expect(curve.locator("small")).not_to_have_text(f"{text('workloads.plot_highest')} 0", timeout=60_000)
    world.shot(page, "service-requests")


def again(page, world, of):
    """What a job wrote, apart by where it wrote it; and the same once more."""
    page.goto(f"{world.weir.url}/workloads/{of['job']}")
    expect(page.get_by_role("log").locator(".stderr")).to_have_text("to stderr")
    # Another instance's log is shown when it is chosen (review 1).
    page.locator("#instances select").select_option(index=0)
    expect(page.get_by_role("log")).to_have_attribute("data-instance", re.compile("^ins_"))
    page.locator("#head").get_by_role("button", name=text("workloads.more_of")).click()
    page.locator("[popover].more:popover-open").get_by_role("button", name=text("workloads.rerun")).click()
    expect(page.locator("#facts")).to_contain_text(text("workloads.rerun_of"))
    expect(state(page, "completed")).to_be_visible(timeout=60_000)


# Says when the head of the page shows a state, by the clock that the server reads, too.
WATCH = """() => {
  window.seen = {};
  const look = () => {
    const shown = [...(document.querySelector("#head h1 .state")?.classList ?? [])].find((name) => name !== "state");
    if (shown && !(shown in window.seen)) window.seen[shown] = Date.now();
  };
  new MutationObserver(look).observe(document.getElementById("head"), { childList: true, subtree: true, attributes: true });
  look();
}"""


def how_soon(page, world, project):
    """From a change's own time to the moment at which an open page shows it."""
    lags = []
    for number in range(3):
        made = world.operator.call(
            "POST", f"/api/v1/projects/{project}/jobs",
            {"name": f"seen-{number}", "image": NOTEBOOK, "flavor": "small", "command": "sleep 2"})["id"]
        page.goto(f"{world.weir.url}/workloads/{made}")
        page.evaluate(WATCH)
        expect(state(page, "completed")).to_be_visible(timeout=60_000)
        seen = page.evaluate("window.seen")
        for change in world.operator.call("GET", f"/api/v1/workloads/{made}/history")["items"]:
            if change["state"] in ("running", "completed") and change["state"] in seen:
                at = time_of(change["at"])
                # What happened before the page was open was not seen as it happened.
                if seen[change["state"]] - at < 3000:
                    lags.append(seen[change["state"]] - at)
    return lags


def time_of(stamp):
    whole, thousandths = stamp[:-1].split(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 1000 + int(thousandths)


FRAMES = """() => {
  window.longest = { frame: 0, task: 0 };
  let last = performance.now();
  const frame = (now) => { window.longest.frame = Math.max(window.longest.frame, now - last); last = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.longest.task = Math.max(window.longest.task, entry.duration); }))
    .observe({ type: "longtask" });
}"""


def long_log(page, world, project):
    """A hundred thousand lines: all are there, the end is followed, and the page answers meanwhile."""
    made = world.operator.call(
        "POST", f"/api/v1/projects/{project}/jobs",
        {"name": "loud", "image": NOTEBOOK, "flavor": "small", "command": "sleep 8; seq -f 'line %.0f of many, as long as lines of training are' 100000"})["id"]
    page.goto(f"{world.weir.url}/workloads/{made}")
    page.evaluate(FRAMES)
    log = page.get_by_role("log")
    # Not the log's own text: six megabytes, to be read again and again, would be what is measured.
    expect(page.locator("#log-count")).to_contain_text("100,000", timeout=120_000)
    expect(log.locator("> div:last-child > div:last-child")).to_contain_text("line 100000 of many")
    longest = page.evaluate("window.longest")
    page.wait_for_function("() => { const log = document.querySelector('[data-log]'); return log.scrollHeight - log.scrollTop - log.clientHeight < 60; }")
    # Scrolled up it stays where it is, and offers the way back.
    log.hover()
    page.mouse.wheel(0, -4000)
    back = page.get_by_role("button", name=text("workloads.log_end"))
    expect(back).to_be_visible()
    page.evaluate("window.longest = { frame: 0, task: 0 }")
    for _ in range(20):
        page.mouse.wheel(0, -3000)
        page.wait_for_timeout(16)
    scrolled = page.evaluate("window.longest")
    back.click()
    expect(back).to_be_hidden()
    return longest, scrolled


def bars(page, world, project):
    """A progress bar is one line that shows how far it has come, and colours are colours (ux 4, bugs R1)."""
    command = (
        "i=0; while [ $i -le 400 ]; do printf '\\r%3d%%|%s|' $((i / 4)) step-$i >&2; i=$((i+1)); done; echo >&2; "
        "printf '\\033[32mgreen\\033[0m plain\\033]0;title\\007\\n'; sleep 3; echo over")
    made = world.operator.call(
        "POST", f"/api/v1/projects/{project}/jobs", {"name": "bars", "image": NOTEBOOK, "flavor": "small", "command": command})["id"]
    page.goto(f"{world.weir.url}/workloads/{made}")
    log = page.get_by_role("log")
    expect(log).to_contain_text("over", timeout=60_000)
    expect(log.locator(".stderr").first).to_have_text("100%|step-400|")
    expect(log.locator(".stdout").first).to_have_text("green plain")
    colour = log.locator(".stdout span").first.evaluate("(span) => [span.textContent, span.style.color]")
    assert colour == ["green", "var(--sgr-green)"], colour
    world.shot(page, "runs-bars")
    page.reload()
    expect(log.locator(".stderr").first).to_have_text("100%|step-400|")


def waiting(page, world, workspace, project):
    """What waits is in the queue with its reason, and says what would start sooner."""
    person = world.operator.call("GET", "/api/v1/account")["account"]["id"]
    world.operator.call("PUT", f"/api/v1/workspaces/{workspace}/quotas/{person}", {"quota": {"cpu": 2000}, "weight": 100})
    jobs = [
        world.operator.call(
            "POST", f"/api/v1/projects/{project}/jobs",
            {"name": f"hold-{number}", "image": NOTEBOOK, "flavor": "medium", "command": "sleep 600", "time_limit": 600})["id"]
        for number in range(2)
    ]
    page.goto(world.weir.url + "/queue")
    row = page.locator("#waiting tr", has_text="hold-1")
    expect(row).to_be_visible()
    expect(row).to_contain_text(text("codes.quota"))
    world.shot(page, "runs-queue")
    row.get_by_role("link", name=text("queue.sooner")).click()
    expect(page.locator("#why li").first).to_be_visible()
    world.shot(page, "runs-why")
    world.operator.call("DELETE", f"/api/v1/workspaces/{workspace}/quotas/{person}")
    for job in jobs:
        world.operator.call("DELETE", f"/api/v1/workloads/{job}")


def idle_policy(page, world):
    """Who is left alone stays so when something else is saved, also where more than one is."""
    page.goto(world.weir.url + "/environments")
    page.get_by_role("link", name=text("environments.idle_more")).click()
    save = page.locator("#change").get_by_role("button", name=text("workloads.save"))
    page.get_by_label(text("environments.idle_minutes")).fill("90")
    page.locator("select[name='exempt_workloads[]']").select_option(label="lab-2")
    page.locator("select[name='exempt_accounts[]']").select_option(label="operator")
    save.click()
    expect(page.locator("#idle")).to_contain_text("01:30:00")
    page.get_by_label(text("environments.idle_minutes")).fill("60")
    save.click()
    expect(page.locator("#idle")).to_contain_text("01:00:00")
    expect(page.locator("#idle .tag")).to_have_count(2)
    page.get_by_label("operator", exact=True).uncheck()
    save.click()
    expect(page.locator("#idle .tag")).to_have_text(["lab-2"])
    world.shot(page, "runs-idle")


def chinese(world):
    page = world.person(locale="zh-CN")
    page.goto(world.weir.url + "/jobs")
    expect(page.locator("h1")).to_contain_text("离线训练")
    page.get_by_label("状态").select_option("completed")
    expect(page.locator("#list td .state").first).to_have_text("完成")
    page.get_by_label("名称", exact=True).fill("ste")
    page.get_by_role("button", name="搜索").click()
    expect(page.locator("#list tbody tr")).to_have_count(2)
    page.get_by_role("link", name="重置").click()
    page.context.close()


def main():
    with prepared() as (world, workspace):
        world.offer_images()
        project = world.operator.call("POST", f"/api/v1/workspaces/{workspace}/projects", {"name": "digits"})["id"]
        page = world.person()
        expect(page.locator("h1")).to_be_visible()
        of = begun(world, project)
        stop_and_start(page, world, of)
        menu(page)
        killed(page, world, of)
        print("  an environment was stopped, started, renamed; its use is drawn, a process ended")
        again(page, world, of)
        requested(page, world, of)
        print("  a job ran again; a service's requests are drawn")
        lags = how_soon(page, world, project)
        print(f"  a change of state is seen after {statistics.median(lags):.0f} ms (median), {max(lags)} ms (worst) of {len(lags)}")
        longest, scrolled = long_log(page, world, project)
        print(f"  100,000 lines: longest frame {longest['frame']:.0f} ms, longest task {longest['task']:.0f} ms; scrolling {scrolled['frame']:.0f} ms")
        bars(page, world, project)
        print("  a progress bar is one line, colours are colours")
        waiting(page, world, workspace, project)
        idle_policy(page, world)
        print("  what waits says why; the idle policy was set")
        paths = [f"/workloads/{id}" for id in of.values()] + [
            "/environments", "/environments/idle", "/jobs", "/services", "/boards", "/queue", "/sizing?purpose=development", f"/projects/{project}/environments/new",
            f"/projects/{project}/jobs/new", f"/projects/{project}/services/new", f"/projects/{project}/boards/new",
            f"/workloads/{of['environment']}/processes", f"/workloads/{of['job']}/history", f"/workloads/{of['job']}/export",
        ]
        chinese(world)
        accessible(world, world.weir, paths)
        print("  in Chinese, too; axe-core finds nothing")


if __name__ == "__main__":
    main()
