"""What the suites of the console share: a Weir of their own, Chromium, people who log in, and the words of both languages."""

import contextlib
import json
import pathlib
import sys

import axe_playwright_python
from playwright.sync_api import expect, sync_playwright
from running_weir import PASSWORD, Person, Weir

TEXTS = {
    language: json.loads(pathlib.Path(f"Sources/WeirHTTP/Console/Texts/{language}.json").read_text())
    for language in ("en", "zh-Hans")
}


AXE = (pathlib.Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# What a text is asked in where nothing is said: a suite that clicks the same in both languages changes it.
spoken = "en"


def speak(language):
    global spoken
    spoken = language


def text(key, language=None):
    """`text("frame.home")`, as the page has it."""
    group, name = key.split(".", 1)
    return TEXTS[language or spoken][group][name]


class Console:
    """A Weir with an operator who has a password of their own and a workspace, and a browser to look at it."""

    def __init__(self, playwright, weir, folder):
        self.weir, self.folder = weir, folder
        self.browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        self.problems = []
        self.operator = Person(weir)

    def prepare(self, workspace="vision"):
        """By the API: whoever tests something else need not click through this. Returns the workspace's id."""
        once = self.weir.one_time_password
        secret = self.operator.call("POST", "/api/v1/sessions", {"login": "operator", "password": once})["secret"]
        first = Person(self.weir, secret)
        first.call("PUT", "/api/v1/account/password", {"current_password": once, "new_password": PASSWORD})
        self.operator.token = self.operator.call(
            "POST", "/api/v1/sessions", {"login": "operator", "password": PASSWORD}
        )["secret"]
        return self.operator.call("POST", "/api/v1/workspaces", {"name": workspace})["id"]

    def offer_images(self):
        """Puts the official images into the list."""
        self.weir.official_images(self.operator)

    def visitor(self, locale="en-GB", width=1280):
        """A browser of somebody's own, not logged in; its script errors and refused scripts or styles fail the suite."""
        context = self.browser.new_context(locale=locale, viewport={"width": width, "height": 900})
        context.set_default_timeout(20_000)
        context.on("page", self._watch)
        return context.new_page()

    def person(self, login="operator", password=PASSWORD, **options):
        page = self.visitor(**options)
        self.log_in(page, login, password)
        expect(page.locator("header .switch").first).to_be_visible()
        page.wait_for_load_state("load")
        return page

    def log_in(self, page, login, password):
        language = "zh-Hans" if (page.evaluate("navigator.language") or "").startswith("zh") else "en"
        page.goto(self.weir.url + "/login")
        page.get_by_label(text("accounts.login", language), exact=True).fill(login)
        page.get_by_label(text("accounts.password", language), exact=True).fill(password)
        page.locator("main").get_by_role("button", name=text("accounts.title", language), exact=True).click()

    def log_in_plainly(self, page, login="operator", password=PASSWORD):
        """Where no script runs, nobody can ask the browser for its language: it is English."""
        page.goto(self.weir.url + "/login")
        page.get_by_label(text("accounts.login", "en"), exact=True).fill(login)
        page.get_by_label(text("accounts.password", "en"), exact=True).fill(password)
        page.locator("main button.first").click()
        expect(page.locator("header .switch").first).to_be_visible()

    def obeys_axe(self, page, rules=None):
        """axe-core finds nothing against WCAG 2.2 AA and good practice, or against these rules alone."""
        if not page.evaluate("() => 'axe' in window"):
            page.evaluate(AXE)
        only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": AXE_TAGS}
        found = page.evaluate("only => axe.run(document, {runOnly: only, resultTypes: ['violations']})", only)["violations"]
        said = [f"{rule['id']} ({rule['help']}): {node['html'][:200]}" for rule in found for node in rule["nodes"]]
        assert not said, page.url + "\n" + "\n".join(said)

    def shot(self, page, name):
        if self.folder:
            path = self.folder / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            # What sticks to the window's top would stand in the middle of a page that is scrolled.
            page.evaluate("window.scrollTo(0, 0)")
            page.screenshot(path=path, full_page=True)

    def _watch(self, page):
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: self.problems.append(f"{page.url}: {message.text}")
            if "Content Security Policy" in message.text
            else None,
        )


@contextlib.contextmanager
def console():
    """`FILE FOLDER` leaves screenshots in the folder."""
    # A busy machine takes its time, most of all for hashing a password.
    expect.set_options(timeout=30_000)
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with Weir() as weir, sync_playwright() as playwright:
        opened = Console(playwright, weir, folder)
        try:
            yield opened
        finally:
            opened.browser.close()
        if opened.problems:
            raise SystemExit("errors in the pages: " + "; ".join(opened.problems))


@contextlib.contextmanager
def prepared():
    """The same for whoever tests something else than the beginning: with the operator's workspace, by its id."""
    with console() as world:
        yield world, world.prepare()
