"""Three pages of the running demo as its operator sees them: `screenshots.py ADDRESS PASSWORD-FILE FOLDER`."""

import pathlib
import sys

from playwright.sync_api import expect, sync_playwright

base, password, folder = sys.argv[1], pathlib.Path(sys.argv[2]).read_text().strip(), pathlib.Path(sys.argv[3])
folder.mkdir(parents=True, exist_ok=True)


def logged_in(browser, locale):
    page = browser.new_context(locale=locale, viewport={"width": 1280, "height": 640}, color_scheme="light").new_page()
    page.goto(base + "/login")
    page.locator("main [name=login]").fill("operator")
    page.locator("main [name='password:keep']").fill(password)
    page.locator("main button.first").click()
    expect(page.locator("header .switch").first).to_be_visible()
    return page


def taken(page, name):
    page.wait_for_load_state("load")
    page.wait_for_timeout(500)
    page.screenshot(path=folder / f"{name}.png")


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
    page = logged_in(browser, "en-GB")
    taken(page, "home")
    page.goto(base + "/environments?name=lab")
    page.locator("#list tbody a").first.click()
    expect(page.locator("#use svg.plot").first).to_be_visible(timeout=60_000)
    page.set_viewport_size({"width": 1280, "height": 560})
    page.wait_for_timeout(1000)
    page.evaluate("() => { const part = document.getElementById('use'); window.scrollTo(0, part.offsetTop + part.offsetHeight - innerHeight + 20); }")
    taken(page, "environment")
    page = logged_in(browser, "zh-CN")
    page.goto(base + "/money/bills")
    page.locator("#list tbody a").first.click()
    page.locator("#lines details").first.evaluate("(details) => { details.open = true; }")
    taken(page, "bill")
    browser.close()
