"""What runs, by clicking: an environment with its tools, jobs with their live log, a service on its port, the queue; and how fast it is seen."""

import calendar
import statistics
import time

from common import console, expect, text
from frame import CONTRAST, ROLES
from running_weir import NOTEBOOK


def state(page, name):
    return page.locator(f"#head .state.{name}")


def fill_form(page, world, kind, name, flavor="medium"):
    """From the list to the filled form, by the project that is chosen on the way; the price is seen before anything is submitted."""
    page.goto(f"{world.weir.url}/{kind}")
    page.get_by_role("link", name=text(f"{kind}.new")).first.click()
    page.get_by_role("link", name="digits").click()
    page.get_by_label(text("frame.name"), exact=True).fill(name)
    page.get_by_label(flavor, exact=True).check()


def submit(page, kind):
    page.locator("aside").get_by_role("button", name=text(f"{kind}.submit")).click()
    expect(page.locator("#head h1")).to_be_visible()


def environment(page, world):
    fill_form(page, world, "environments", "lab")
    quote = page.locator("#quote")
    expect(quote).to_contain_text("0.075625")
    limit = page.get_by_label(text("environments.auto_stop"))
    limit.fill("")
    # Without an end it says what that may cost (DEV-24).
    expect(quote.locator(".note").first).to_be_visible()
    limit.fill("2")
    expect(quote).to_contain_text("0.15125")
    world.shot(page, "runs-form")
    submit(page, "environments")
    expect(state(page, "running")).to_be_visible(timeout=90_000)
    world.shot(page, "runs-environment")


def tools(page, world):
    with page.context.expect_page() as opened:
        page.locator("#head").get_by_role("button", name="JupyterLab").click()
    lab = opened.value
    expect(lab.locator("#jp-main-dock-panel")).to_be_visible(timeout=60_000)
    world.shot(lab, "runs-jupyterlab")
    lab.close()
    with page.context.expect_page() as opened:
        page.locator("#head").get_by_role("button", name=text("codes.terminal")).click()
    terminal = opened.value
    screen = terminal.locator(".xterm-rows")
    expect(screen).to_contain_text("#", timeout=60_000)
    terminal.keyboard.type("echo $((6 * 7))-$PWD\n")
    expect(screen).to_contain_text("42-/gemini/code")
    terminal.close()


def stop_and_start(page):
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


def job(page, world):
    fill_form(page, world, "jobs", "steps", "small")
    page.get_by_label(text("workloads.command"), exact=True).fill("for i in 1 2 3 4; do echo step $i; sleep 0.5; done; echo to stderr >&2")
    expect(page.locator("#quote")).to_contain_text("0.10")
    submit(page, "jobs")
    page.evaluate("window.isSamePage = true")
    log = page.get_by_role("log")
    expect(log).to_contain_text("step 1", timeout=60_000)
    expect(log).to_contain_text("step 4")
    expect(log.locator(".stderr")).to_have_text("to stderr")
    expect(state(page, "completed")).to_be_visible(timeout=60_000)
    assert page.evaluate("window.isSamePage"), "the page was loaded again"
    world.shot(page, "runs-job")
    with page.expect_download() as started:
        page.get_by_role("link", name=text("workloads.log_download")).click()
    assert "step 4\n" in started.value.path().read_text()
    # And again, exactly.
    page.locator("#head").get_by_role("button", name=text("workloads.more_of")).click()
    page.locator("[popover].more:popover-open").get_by_role("button", name=text("workloads.rerun")).click()
    expect(page.locator("#facts")).to_contain_text(text("workloads.rerun_of"))
    expect(state(page, "completed")).to_be_visible(timeout=60_000)


def service(page, world):
    fill = "python -c \"open('index.html', 'w').write('<p>it answers</p>')\" && python -m http.server 8000"
    page.goto(world.weir.url + "/services/new")
    page.get_by_role("link", name="digits").click()
    page.get_by_role("button", name=text("services.sign")).click()
    page.get_by_label(text("frame.name"), exact=True).fill("pages")
    page.get_by_label("small", exact=True).check()
    page.get_by_label(text("workloads.command"), exact=True).fill("cd /tmp && " + fill)
    submit(page, "services")
    expect(state(page, "running")).to_be_visible(timeout=90_000)
    with page.context.expect_page() as opened:
        page.locator("#port").get_by_role("link", name=text("services.open")).click()
    expect(opened.value.get_by_text("it answers")).to_be_visible()
    opened.value.close()
    world.shot(page, "runs-service")


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
    page.goto(world.weir.url + "/environments")
    page.get_by_text(text("environments.idle_change"), exact=True).click()
    page.get_by_label(text("environments.idle_minutes")).fill("90")
    page.get_by_label("lab-2", exact=True).check()
    page.locator("#idle").get_by_role("button", name=text("workloads.save")).click()
    expect(page.locator("#idle")).to_contain_text("01:30:00")
    page.get_by_text(text("environments.idle_change"), exact=True).click()
    expect(page.get_by_label("lab-2", exact=True)).to_be_checked()


def chinese(world, paths):
    page = world.person(locale="zh-CN")
    for path in paths:
        page.goto(world.weir.url + path)
        world.shot(page, "runs-zh-" + path.strip("/").split("/")[0])
    page.goto(world.weir.url + "/jobs")
    expect(page.locator("h1")).to_contain_text("离线训练")
    page.get_by_label("状态").select_option("completed")
    expect(page.locator("#list td .state").first).to_have_text("完成")
    page.get_by_label("名称", exact=True).fill("ste")
    page.get_by_role("button", name="搜索").click()
    expect(page.locator("#list tbody tr")).to_have_count(2)
    page.get_by_role("link", name="重置").click()
    page.context.close()


def accessible(world, paths):
    for scheme in ("light", "dark"):
        page = world.person()
        page.emulate_media(color_scheme=scheme)
        for path in paths:
            page.goto(world.weir.url + path)
            for check in (CONTRAST, ROLES):
                bad = page.evaluate(check)
                assert not bad, (scheme, path, bad)
        page.context.close()


def main():
    with console() as world:
        workspace = world.prepare()
        if not world.weir.official_images(world.operator):
            print("  SKIPPED: the notebook image is not built on this host; `weir image build-official` builds it")
            return
        project = world.operator.call("POST", f"/api/v1/workspaces/{workspace}/projects", {"name": "digits"})["id"]
        page = world.person()
        expect(page.locator("h1")).to_be_visible()
        environment(page, world)
        print("  an environment was made by clicking, its price seen before")
        tools(page, world)
        stop_and_start(page)
        menu(page)
        print("  JupyterLab and a terminal opened; it was stopped, started, renamed; its use is drawn")
        job(page, world)
        print("  a job's log came as it was written; its end was seen without a reload; it ran again")
        service(page, world)
        print("  a service was opened on its port")
        lags = how_soon(page, world, project)
        print(f"  a change of state is seen after {statistics.median(lags):.0f} ms (median), {max(lags)} ms (worst) of {len(lags)}")
        longest, scrolled = long_log(page, world, project)
        print(f"  100,000 lines: longest frame {longest['frame']:.0f} ms, longest task {longest['task']:.0f} ms; scrolling {scrolled['frame']:.0f} ms")
        waiting(page, world, workspace, project)
        idle_policy(page, world)
        print("  what waits says why; the idle policy was set")
        of = {kind: world.operator.call("GET", f"/api/v1/workspaces/{workspace}/workloads?kind={kind}")["items"][0]["id"] for kind in ("environment", "job", "service")}
        paths = [f"/workloads/{id}" for id in of.values()] + [
            "/environments", "/jobs", "/services", "/boards", "/queue", "/sizing?purpose=development", f"/projects/{project}/environments/new",
            f"/projects/{project}/jobs/new", f"/projects/{project}/services/new", f"/projects/{project}/boards/new",
            f"/workloads/{of['environment']}/processes", f"/workloads/{of['job']}/history", f"/workloads/{of['job']}/export",
        ]
        chinese(world, paths)
        accessible(world, paths)
        print("  in Chinese, too; contrast, names, labels and headings hold")


if __name__ == "__main__":
    main()
