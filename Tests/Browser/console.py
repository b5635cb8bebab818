"""Logs in to the console with the one-time password, changes it, looks around in two languages, and opens JupyterLab."""

import contextlib
import json
import pathlib
import sys

from playwright.sync_api import expect, sync_playwright
from running_weir import PASSWORD, Person, Weir

TEXTS = json.loads(pathlib.Path("Sources/WeirHTTP/Console/texts.json").read_text())


def text(key, language):
    return TEXTS[key][language]


EN, ZH = 0, 1


def log_in(page, password):
    page.get_by_label(text("login_name", EN), exact=True).fill("operator")
    page.get_by_label(text("password", EN), exact=True).fill(password)
    page.locator("form").get_by_role("button", name=text("login", EN)).click()


def change_password(page, once):
    page.get_by_label(text("current_password", EN)).fill(once)
    page.get_by_label(text("new_password", EN)).fill(PASSWORD)
    page.locator("form").get_by_role("button", name=text("change_password", EN)).click()
    expect(page.get_by_text(text("password_changed", EN))).to_be_visible()


def overview(page, language):
    expect(page.get_by_role("heading", name=text("what_runs", language))).to_be_visible()
    expect(page.get_by_role("heading", name=text("capacity", language))).to_be_visible()


def fee_centre(page, shot):
    """The balance that a new workspace begins with; a code is made by the operator and redeemed; the ledger is right."""
    page.locator("header a.money").click()
    expect(page.locator("dl.balance strong")).to_have_text("1000.00")
    page.get_by_role("link", name=text("operations", EN)).click()
    codes = page.locator(f"section:has(> h2:text-is('{text('vouchers', EN)}'))")
    codes.get_by_label(text("points", EN), exact=True).fill("25.5")
    codes.get_by_role("button", name=text("create", EN), exact=True).click()
    code = page.locator("dialog pre").inner_text()
    page.locator("dialog").get_by_role("button", name="OK").click()
    check = page.get_by_role("button", name=text("verify_ledger", EN))
    check.click()
    expect(page.get_by_text(text("ledger_right", EN))).to_be_visible()
    shot(page, "operations")
    page.locator("header a.money").click()
    page.get_by_label(text("voucher_code", EN), exact=True).fill(code)
    page.get_by_role("button", name=text("redeem", EN), exact=True).click()
    expect(page.locator("dl.balance strong")).to_have_text("1025.50")
    shot(page, "fee-centre")


def open_jupyterlab(page, context, weir, shot):
    """Makes an environment by the form, waits for it on its page, and enters it."""
    person = Person(weir)
    person.token = person.call("POST", "/api/v1/sessions", {"login": "operator", "password": PASSWORD})["secret"]
    workspace = person.call("GET", "/api/v1/account")["workspaces"][0]["id"]
    project = person.call("POST", f"/api/v1/workspaces/{workspace}/projects", {"name": "digits"})["id"]
    page.goto(f"{weir.url}/#/projects/{project}/new/environment")
    page.get_by_label(text("name", EN), exact=True).fill("lab")
    page.locator(f"label:has(> span:text-is('{text('flavor', EN)}')) select").select_option("medium")
    expect(page.locator(".price .note").first).to_contain_text(text("price", EN))
    page.locator("form").get_by_role("button", name=text("create", EN), exact=True).click()
    enter = page.get_by_role("button", name=text("enter", EN), exact=True)
    expect(enter).to_be_visible(timeout=60_000)
    shot(page, "environment")
    with context.expect_page() as opened:
        enter.click()
    lab = opened.value
    expect(lab.locator("#jp-main-dock-panel")).to_be_visible(timeout=60_000)
    expect(lab.locator(".jp-Launcher").first).to_be_visible(timeout=60_000)
    shot(lab, "jupyterlab")


def quotas_and_flavors(page, shot):
    """Gives everyone a quota by the form, asks how much is needed, and makes a flavor."""
    page.get_by_role("link", name=text("quotas", EN), exact=True).click()
    page.get_by_role("button", name=text("change", EN), exact=True).last.click()
    field(page.locator("dialog"), "quota_cpu").fill("8")
    page.locator("dialog").get_by_role("button", name=text("save", EN), exact=True).click()
    expect(page.locator("table").nth(1)).to_contain_text("0 / 8")
    shot(page, "quotas")
    page.get_by_role("link", name=text("flavors", EN), exact=True).click()
    page.get_by_role("button", name=text("suggest", EN), exact=True).click()
    expect(page.locator(".note").first).to_contain_text("2 GiB")
    page.get_by_role("button", name=text("create", EN), exact=True).click()
    field(page.locator("dialog"), "name").fill("spare")
    field(page.locator("dialog"), "price").fill("1")
    page.locator("dialog").get_by_role("button", name=text("save", EN), exact=True).click()
    expect(page.locator("tr", has_text="spare").first).to_be_visible()
    shot(page, "flavors")


def field(place, key):
    return place.locator(f"label:has(> span:text-is('{text(key, EN)}')) input")


def main():
    # A busy machine takes its time, most of all for hashing a password.
    expect.set_options(timeout=30_000)
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)

    def shot(page, name):
        if folder:
            page.screenshot(path=folder / f"{name}.png")

    with Weir() as weir, sync_playwright() as playwright, contextlib.ExitStack() as closing:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        closing.callback(browser.close)
        context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
        context.set_default_timeout(20_000)
        page = context.new_page()
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))

        once = weir.one_time_password
        page.goto(weir.url)
        log_in(page, once)
        change_password(page, once)
        log_in(page, PASSWORD)
        name = page.get_by_label(text("name", EN), exact=True)
        name.fill("vision")
        page.locator("form").get_by_role("button", name=text("create", EN), exact=True).click()
        overview(page, EN)
        print("  logged in with the one-time password, chose another, made a workspace")
        shot(page, "overview-en")
        page.get_by_role("button", name=text("language", EN)).click()
        overview(page, ZH)
        shot(page, "overview-zh")
        page.get_by_role("button", name=text("language", ZH)).click()
        overview(page, EN)
        print("  the overview speaks English and Chinese")

        fee_centre(page, shot)
        print("  the fee centre shows the balance; a code was made, the ledger verified, the code redeemed")

        quotas_and_flavors(page, shot)
        print("  everyone got a quota by the form; advice was given, and a flavor made")

        operator = Person(weir)
        operator.token = operator.call("POST", "/api/v1/sessions", {"login": "operator", "password": PASSWORD})["secret"]
        if weir.official_images(operator):
            open_jupyterlab(page, context, weir, shot)
            print("  an environment was made by the form and JupyterLab opened from it")
        else:
            print("  SKIPPED: the notebook image is not built on this host; `weir image build-official` builds it")
        if problems:
            raise SystemExit("errors in the pages: " + "; ".join(problems))


if __name__ == "__main__":
    main()
