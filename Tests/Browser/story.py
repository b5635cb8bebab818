"""The story of a model by clicking, in both languages: from the first login over the notebook, the training and its curves to the bill. Then
every page that there is, as the operator sees it, in both languages, and the fullest on a phone."""

import pathlib
import re

import common
from common import TEXTS, console, expect, text
from frame import first_login

LOCALES = {"en": "en-GB", "zh-Hans": "zh-CN"}
# What the person calls things: operator and another one, each with a workspace and a project.
NAMES = {"en": ("operator", "vision", "digits"), "zh-Hans": ("xiaoli", "视觉组", "手写数字")}
CODE = pathlib.Path("Scripts/demo/code")
# The digits that scikit-learn ships lie in the image, too.
PREPARE = """
import csv
from sklearn.datasets import load_digits
digits = load_digits()
with open("/tmp/digits.csv", "w", newline="") as file:
    csv.writer(file).writerows([*pixels, digit] for pixels, digit in zip(digits.data, digits.target))
"""
TRAIN = "python prepare.py && python train.py --data /tmp/digits.csv --epochs 10 --least 0.9"
SERVE = "cd /tmp && echo '<p>it answers</p>' > index.html && python -m http.server 8000"


class Teller:
    """Whoever clicks, and what it looked like at each step."""

    def __init__(self, world, language):
        self.world, self.language, self.steps = world, language, 0
        self.login, self.workspace, self.project = NAMES[language]
        self.page = world.visitor(locale=LOCALES[language])

    def shot(self, name, page=None):
        self.steps += 1
        self.world.shot(page or self.page, f"{self.language}/story-{self.steps:02}-{name}")

    def state(self, name):
        return self.page.locator(f"#head .state.{name}")

    def menu(self, key):
        self.page.get_by_role("navigation", name=text("frame.main_menu")).get_by_role("link", name=text(key), exact=True).click()

    def opened(self, locator):
        with self.page.context.expect_page() as opened:
            locator.click()
        return opened.value

    def form(self, kind, name, flavor):
        """From the list to the filled form, by the project that is chosen on the way."""
        self.menu(f"frame.{kind}")
        self.page.get_by_role("link", name=text(f"{kind}.new")).first.click()
        self.page.get_by_role("link", name=self.project).click()
        if kind == "services":
            self.page.get_by_role("button", name=text("services.sign")).click()
        self.page.get_by_label(text("frame.name"), exact=True).fill(name)
        self.page.get_by_label(flavor, exact=True).check()

    def submit(self, kind):
        self.page.locator("aside").get_by_role("button", name=text(f"{kind}.submit")).click()
        expect(self.page.locator("#head h1")).to_be_visible()


def beginning(teller, once):
    first_login(teller.page, teller.world, teller.login, once, teller.workspace)
    teller.shot("workspace")


def project(teller):
    """The guide leads to the project, and from there to its code."""
    page = teller.page
    page.locator("#guide").get_by_role("link", name=text("projects.create")).click()
    page.get_by_label(text("frame.name"), exact=True).fill(teller.project)
    page.locator("main").get_by_role("button", name=text("projects.create")).click()
    teller.shot("project")
    page.locator("main").get_by_role("link", name=text("projects.upload_first"), exact=True).click()
    prepare = teller.world.weir.folder / "prepare.py"
    prepare.write_text(PREPARE)
    page.locator("input[data-files]").first.set_input_files([prepare, CODE / "train.py", CODE / "serve.py"])
    expect(page.locator("#list tbody tr")).to_have_count(3)
    teller.shot("code")


def environment(teller):
    """The price is seen before anything is submitted; without an end it says what that may cost (DEV-24)."""
    page = teller.page
    teller.form("environments", "lab", "medium")
    quote = page.locator("#quote")
    expect(quote).to_contain_text("0.075625")
    limit = page.get_by_label(text("environments.auto_stop"))
    limit.fill("")
    expect(quote.locator(".note").first).to_be_visible()
    limit.fill("2")
    expect(quote).to_contain_text("0.15125")
    teller.shot("environment-form")
    teller.submit("environments")
    expect(teller.state("running")).to_be_visible(timeout=90_000)
    teller.shot("environment")
    teller.menu("frame.home")
    expect(page.locator("#soon")).to_contain_text("lab")
    page.go_back()


def notebook(teller):
    """A cell is run in JupyterLab's own page."""
    lab = teller.opened(teller.page.locator("#head").get_by_role("button", name="JupyterLab"))
    lab.locator(".jp-LauncherCard[data-category=Notebook]").first.click(timeout=60_000)
    cell = lab.locator(".jp-Notebook .jp-CodeCell .cm-content").first
    # A cell that is run before the kernel is up is run by nobody.
    expect(lab.get_by_role("button", name=re.compile("Python 3 .*Idle"))).to_be_visible(timeout=60_000)
    cell.click()
    lab.keyboard.insert_text("from sklearn.datasets import load_digits\nlen(load_digits().target) * 6 * 7")
    lab.keyboard.press("Shift+Enter")
    expect(lab.locator(".jp-OutputArea-output").first).to_contain_text(str(1797 * 42), timeout=60_000)
    teller.shot("notebook", lab)
    lab.close()


def terminal(teller):
    page = teller.opened(teller.page.locator("#head").get_by_role("button", name=text("codes.terminal"), exact=True))
    screen = page.locator(".xterm-rows")
    expect(screen).to_contain_text("#", timeout=60_000)
    page.keyboard.type("echo $((6 * 7))-$PWD; ls\n")
    expect(screen).to_contain_text("42-/gemini/code")
    expect(screen).to_contain_text("train.py")
    # The image's own programs are found, the home is the kept one (ux 1), and an underscore is seen (ux 22).
    page.keyboard.type("clear; python -c 'print(6 * 7, \"a_b_c\")'; echo $HOME\n")
    expect(screen).to_contain_text("42 a_b_c")
    expect(screen).to_contain_text("/home/user")
    row, letter = page.evaluate("""() => [document.querySelector(".xterm-rows > div").clientHeight,
        parseFloat(getComputedStyle(document.querySelector(".xterm-rows")).fontSize)]""")
    assert row >= letter * 1.15, (row, letter)
    teller.shot("terminal", page)
    # Another one beside it (DEV-09).
    with page.expect_navigation():
        page.locator("#names a").last.click()
    expect(page.locator("#names a[aria-current]")).to_have_text("terminal-2")
    expect(page.locator(".xterm-rows")).to_contain_text("#", timeout=60_000)
    page.close()


def tensorboard(teller):
    """From the environment itself, on /gemini/output (DEV-05)."""
    curves = teller.opened(teller.page.locator("#head").get_by_role("button", name="TensorBoard"))
    expect(curves.get_by_text("No dashboards are active").or_(curves.get_by_text("TensorBoard")).first).to_be_visible(timeout=90_000)
    assert "/tensorboard/" in curves.url, curves.url
    curves.close()


def job(teller):
    """Its log comes as it is written, and its end is seen without a reload."""
    page = teller.page
    teller.form("jobs", "train", "medium")
    page.get_by_label(text("workloads.command"), exact=True).fill(TRAIN)
    expect(page.locator("#quote")).to_contain_text("0.20")
    teller.submit("jobs")
    page.evaluate("window.isSamePage = true")
    log = page.get_by_role("log")
    expect(log).to_contain_text("epoch  10", timeout=90_000)
    expect(log).to_contain_text("accuracy 0.9")
    expect(teller.state("completed")).to_be_visible(timeout=60_000)
    assert page.evaluate("window.isSamePage"), "the page was loaded again"
    teller.shot("job")
    with page.expect_download() as started:
        page.get_by_role("link", name=text("workloads.log_download")).click()
    assert "epoch  10" in started.value.path().read_text()


def board(teller):
    """The job's curves, from the job's own page."""
    page = teller.page
    page.locator("#facts").get_by_role("link", name=text("workloads.show_in_board")).click()
    page.get_by_label(text("frame.name"), exact=True).fill("curves")
    page.get_by_label("medium", exact=True).check()
    teller.shot("board-form")
    teller.submit("boards")
    expect(teller.state("running")).to_be_visible(timeout=90_000)
    curves = teller.opened(page.locator("#head").get_by_role("button", name=text("workloads.enter"), exact=True))
    expect(curves.get_by_text("held_out_accuracy").first).to_be_visible(timeout=60_000)
    expect(curves.get_by_text("loss", exact=True).first).to_be_visible()
    expect(curves.get_by_text(re.compile(r"^\s*0\.9\d+\s*$")).first).to_be_visible()
    teller.shot("board", curves)
    curves.close()


def service(teller):
    page = teller.page
    teller.form("services", "pages", "small")
    page.get_by_label(text("workloads.command"), exact=True).fill(SERVE)
    teller.shot("service-form")
    teller.submit("services")
    expect(teller.state("running")).to_be_visible(timeout=90_000)
    answer = teller.opened(page.locator("#port").get_by_role("link", name=text("services.open")))
    expect(answer.get_by_text("it answers")).to_be_visible()
    answer.close()
    teller.shot("service")


def bill(teller):
    """What ran to its end is on the bill, with its arithmetic; what still runs is settled at the full hour."""
    page = teller.page
    teller.menu("frame.money")
    teller.shot("money")
    page.locator("main").get_by_role("link", name=text("billing.bills"), exact=True).click()
    line = page.locator("#list tbody a").first
    for _ in range(100):
        if line.count():
            break
        page.wait_for_timeout(300)
        page.reload()
    line.click()
    row = page.locator("#lines tr", has_text="train").first
    expect(row).to_contain_text(teller.project)
    row.get_by_text(text("billing.arithmetic")).click()
    expect(row).to_contain_text("÷ 60 = 0.003333")
    teller.shot("bill")


STEPS = [project, environment, notebook, terminal, tensorboard, job, board, service, bill]


def tell(world, language):
    common.speak(language)
    teller = Teller(world, language)
    if language == "en":
        once = world.weir.one_time_password
    else:
        once = world.operator.call("POST", "/api/v1/accounts", {"login": teller.login})["one_time_password"]
    beginning(teller, once)
    if language == "en":
        login = {"login": "operator", "password": common.PASSWORD}
        world.operator.token = world.operator.call("POST", "/api/v1/sessions", login)["secret"]
        world.offer_images()
    for step in STEPS:
        step(teller)
    teller.page.context.close()
    common.speak("en")


def pages():
    """The addresses of all pages, as their files have them."""
    for file in sorted(pathlib.Path("Sources/WeirHTTP/Console/Pages").glob("*.html")):
        yield from re.findall(r"^=== (/.*)$", file.read_text(), re.MULTILINE)


def things(world):
    """What the pages' parameters name: of the story that was told, and a dataset with a version."""
    operator = world.operator
    workspace = operator.call("GET", "/api/v1/workspaces")["items"][0]["id"]
    project = operator.call("GET", f"/api/v1/workspaces/{workspace}/projects")["items"][0]["id"]
    asset = operator.call("POST", f"/api/v1/workspaces/{workspace}/assets", {"kind": "dataset", "name": "digits", "data_type": "table"})["id"]
    form = "--b\r\nContent-Disposition: form-data; name=file; filename=digits.csv\r\n\r\n0,1,2\n\r\n--b--\r\n"
    operator.call("POST", f"/api/v1/assets/{asset}/draft/files", headers={"Content-Type": "multipart/form-data; boundary=b"}, raw=form.encode())
    operator.call("POST", f"/api/v1/assets/{asset}/versions", {"note": "as scikit-learn ships it"})
    operator.call("PUT", f"/api/v1/workspaces/{workspace}/budgets/workspace", {"limit": "500"})
    of = {w["kind"]: w["id"] for w in operator.call("GET", f"/api/v1/workspaces/{workspace}/workloads")["items"]}
    return {
        "project": project, "asset": asset, "workload": of["job"], "number": "1", "ws": workspace, "workspace": workspace,
        "image": operator.call("GET", "/api/v1/images")["items"][0]["id"], "flavor": "small", "scope": "everyone", "entry": "1",
        "month": operator.call("GET", f"/api/v1/workspaces/{workspace}/balance")["month"], "budget": "workspace",
    }, of


# Those that hold the most on a line, for a screen that has no room.
NARROW = re.compile(r"^/$|^/(jobs|money|queue|quotas|account|datasets)$|/workloads|/new$|/code$|/draft$|/bills/|accounts|capacity")


def tour(world, language, **options):
    """Every page: it answers, nothing of its template is left, it has one heading, axe-core finds nothing, and it was looked at."""
    found, of = things(world) if not hasattr(world, "found") else world.found
    world.found = found, of
    page = world.person(locale=LOCALES[language], **options)
    expect(page.locator("header .switch").first).to_be_visible()
    seen = 0
    addresses = list(pages()) + [f"/workloads/{of[kind]}" for kind in ("environment", "service", "board")] + [f"/workloads/{of['environment']}/processes"]
    for address in addresses:
        if options.get("width") and not NARROW.search(address):
            continue
        path = re.sub(r"\{(\w+)\}", lambda name: found[name.group(1)], address.replace("budgets/{scope}", "budgets/{budget}")) + ("?path=train.py" if address.endswith("/file") else "")
        answer = page.goto(world.weir.url + path)
        assert answer.status == 200, (language, path, answer.status)
        expect(page.locator("main h1")).to_have_count(1)
        if address.endswith("/file"):
            expect(page.locator(".cm-content")).to_be_visible()
        shown = page.locator("main").inner_text()
        assert "{{" not in shown and "undefined" not in shown, (path, shown[:400])
        if options.get("width"):
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, (path, wide)
        if language == "en" or options.get("width"):
            world.obeys_axe(page)
        place = language + ("-phone" if options.get("width") else "")
        world.shot(page, f"{place}/page{re.sub('[^a-z]+', '-', address)}".rstrip("-") + (f"-{seen}" if address.startswith("/workloads/wld") else ""))
        seen += 1
    page.context.close()
    return seen


def main():
    with console() as world:
        for language in TEXTS:
            tell(world, language)
            print(f"  {language}: login, project, code, environment, a cell, a terminal, a job with its curves, a service, the bill")
        for language in TEXTS:
            print(f"  {language}: all {tour(world, language)} pages stand")
        print(f"  on a phone, too: {tour(world, 'zh-Hans', width=390)}")


if __name__ == "__main__":
    main()
