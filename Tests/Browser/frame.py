"""First login with the one-time password, the menu, both languages, the phone, the keyboard, and pages that are not there."""

import re

from common import PASSWORD, Person, console, expect, text


def first_login(page, world, login, once, workspace):
    world.log_in(page, login, once)
    # Typed a moment ago, it is not asked for again, and who has chosen another is in (ux 10).
    expect(page.get_by_label(text("accounts.current"))).to_have_count(0)
    page.get_by_label(text("accounts.new")).fill(PASSWORD)
    page.locator("main").get_by_role("button", name=text("accounts.change")).click()
    expect(page.get_by_text(text("codes.done_password"))).to_be_visible()
    page.get_by_label(text("accounts.workspace_name")).fill(workspace)
    page.get_by_role("button", name=text("accounts.create_workspace")).click()
    expect(page.locator("header .switch summary").first).to_have_text(workspace)


def every_page(page, weir, world):
    """Each entry of the menu leads to a page with one heading and its own entry marked, and to no error."""
    page.goto(weir.url + "/")
    entries = page.locator("nav a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    for path in entries:
        answer = page.goto(weir.url + path)
        assert answer.status == 200, (path, answer.status)
        expect(page.locator("main h1")).to_have_count(1)
        marked = page.locator(".side a[aria-current=page]").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        assert marked == [path], (path, marked)
        world.shot(page, "menu-" + (path.strip("/").replace("/", "-") or "home"))
    return len(entries)


def languages(page, weir):
    page.goto(weir.url + "/projects")
    page.locator("header details").last.locator("summary").click()
    page.get_by_role("button", name=text("frame.language")).click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.locator("h1")).to_contain_text(text("frame.projects", "zh-Hans"))
    page.locator("header details").last.locator("summary").click()
    page.get_by_role("button", name=text("frame.language", "zh-Hans")).click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def keyboard(page, weir):
    """The first Tab leads to the content; a menu opens by Enter and closes by Escape with the focus where it was."""
    page.goto(weir.url + "/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    menu = page.locator("header details").last
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(menu.locator(".menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu.locator(".menu")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


def accessible(world, weir, paths):
    """The rules of axe-core for WCAG 2.2 AA and its good practice, light and dark."""
    page = world.person()
    for path in paths:
        page.goto(weir.url + path)
        world.obeys_axe(page)
        page.emulate_media(color_scheme="dark")
        world.obeys_axe(page, rules=["color-contrast"])
        page.emulate_media(color_scheme="light")
    page.context.close()


def typing(page, world):
    """Who types in a filter goes on typing while the list follows (ux 9)."""
    for name in ("training", "trees"):
        world.operator.call("POST", f"/api/v1/workspaces/{world.workspace}/projects", {"name": name})
    page.goto(world.weir.url + "/projects")
    field = page.get_by_role("search").get_by_role("searchbox")
    expect(page.locator("#list").get_by_role("link", name="trees")).to_be_visible()
    field.press_sequentially("tra")
    expect(page.locator("#list").get_by_role("link", name="trees")).to_have_count(0)
    page.keyboard.type("in")
    expect(field).to_have_value("train")
    expect(field).to_be_focused()
    expect(page).to_have_url(re.compile("name=train$"))
    expect(page.locator("#list").get_by_role("link", name="training")).to_be_visible()
    # Only lists follow: what was typed elsewhere on the page stays (review 2).
    page.goto(world.weir.url + "/members")
    added = page.locator("#add").get_by_label(text("members.login"), exact=True)
    added.fill("guest")
    page.get_by_role("search").get_by_role("searchbox").press_sequentially("nobody")
    expect(page.locator("#list")).to_contain_text(text("frame.nothing_fits"))
    expect(added).to_have_value("guest")


def refused(page, world):
    """A refused form leaves its own page's address, which may be loaded again (ux 7)."""
    page.goto(world.weir.url + "/account")
    page.get_by_label(text("accounts.current")).fill("certainly not this")
    page.get_by_label(text("accounts.new")).fill(PASSWORD)
    page.locator("main").get_by_role("button", name=text("accounts.change")).click()
    expect(page.locator("main > [role=alert]")).to_be_visible()
    expect(page).to_have_url(re.compile("/account$"))
    assert page.reload().status == 200


def copying(page, world):
    """Over plain HTTP on a name a browser gives no clipboard: what is to be copied is copied all the same (ux 8)."""
    page.goto(world.weir.url + "/account")
    page.evaluate("""() => {
        Object.defineProperty(navigator, "clipboard", { value: undefined });
        document.execCommand = (what) => { window.copied = [what, document.activeElement.value]; return true; };
    }""")
    page.get_by_label(text("accounts.token_name"), exact=True).fill("laptop")
    page.locator("main").get_by_role("button", name=text("accounts.new_token")).click()
    secret = page.locator("#secret").inner_text()
    page.evaluate("""() => {
        Object.defineProperty(navigator, "clipboard", { value: undefined });
        document.execCommand = (what) => { window.copied = [what, document.activeElement.value]; return true; };
    }""")
    page.locator("[data-copy]").first.click()
    expect(page.get_by_text(text("frame.copied"))).to_be_visible()
    assert page.evaluate("window.copied") == ["copy", secret]


def phone(world, weir, paths):
    """At 390 points nothing makes the page wider than the screen; the menu is closed, and opens."""
    page = world.person(width=390)
    for path in paths:
        page.goto(weir.url + path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (path, wide)
        world.shot(page, "phone-" + (path.strip("/").replace("/", "-") or "home"))
    expect(page.locator("nav")).to_be_hidden()
    page.get_by_text(text("frame.menu"), exact=True).click()
    expect(page.locator("nav")).to_be_visible()
    page.context.close()


def find(world, weir):
    """What a choice of the first 200 does not hold is found by its name; what was chosen stays chosen."""
    workspace = world.operator.call("GET", "/api/v1/workspaces")["items"][0]["id"]
    for number in range(202):
        world.operator.call("POST", f"/api/v1/workspaces/{workspace}/projects", {"name": f"many-{number}"})
    page = world.person()
    page.goto(weir.url + "/money/budgets")
    scope = page.locator("select[name=scope]")
    expect(scope.get_by_role("option", name="many-1", exact=True)).to_have_count(0)
    scope.select_option(label="many-150")
    field = page.get_by_label(text("frame.find") + " " + text("codes.project"))
    field.fill("many-1")
    expect(scope.get_by_role("option", name="many-1", exact=True)).to_have_count(1)
    expect(scope.get_by_role("option", name="many-2", exact=True)).to_have_count(0)
    expect(scope.locator("option:checked")).to_have_text("many-150")
    field.fill("many-0")
    expect(scope.get_by_role("option", name="many-0", exact=True)).to_have_count(1)
    expect(scope.locator("option:checked")).to_have_text("many-150")
    scope.select_option(label="many-0")
    page.get_by_label(text("billing.limit"), exact=True).fill("5")
    page.locator("main form[method=post]").first.get_by_role("button", name=text("billing.save")).click()
    expect(page.locator("#list")).to_contain_text("many-0")
    # A list that is narrowed by it goes on being what it was while one looks.
    page.goto(weir.url + "/jobs?state=failed")
    page.get_by_label(text("frame.find") + " " + text("codes.project")).fill("many-1")
    expect(page.locator("select[name=project]").get_by_role("option", name="many-1", exact=True)).to_have_count(1)
    assert page.url.endswith("/jobs?state=failed"), page.url
    page.goto(weir.url + "/jobs/new")
    page.get_by_role("searchbox").fill("many-77")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("main a.card")).to_have_count(1)
    world.obeys_axe(page)
    for number in range(201):
        world.operator.call("POST", "/api/v1/workspaces", {"name": f"team-{number}"})
    page.goto(weir.url + "/operator/ledger")
    page.get_by_label(text("frame.find") + " " + text("frame.workspace")).first.fill("vision")
    for choice in page.locator("select[name=workspace]").all():
        expect(choice.get_by_role("option", name="vision")).to_have_count(1)
        expect(choice.get_by_role("option")).to_have_count(2)
    expect(page.locator("label [role=status]").first).to_have_text("1 " + text("frame.found"))
    page.context.close()


def without_scripts(world, weir):
    """Logging in, making a project and finding it need no script."""
    context = world.browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    world.log_in_plainly(page)
    page.goto(weir.url + "/jobs?name=x")
    expect(page.locator("h1")).to_contain_text(text("frame.jobs"))
    context.close()


def main():
    with console() as world:
        page = world.visitor()
        first_login(page, world, "operator", world.weir.one_time_password, "vision")
        print("  logged in with the one-time password, chose another, made a workspace")
        world.operator.token = world.operator.call(
            "POST", "/api/v1/sessions", {"login": "operator", "password": PASSWORD}
        )["secret"]
        print(f"  all {every_page(page, world.weir, world)} entries of the menu are pages")
        languages(page, world.weir)
        keyboard(page, world.weir)
        print("  both languages, and the keyboard")
        world.workspace = world.operator.call("GET", "/api/v1/workspaces")["items"][0]["id"]
        typing(page, world)
        refused(page, world)
        copying(page, world)
        print("  a filter keeps the keyboard, a refused form its address, and Copy works over plain HTTP")
        paths = page.locator("nav a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        accessible(world, world.weir, paths)
        print("  axe-core finds nothing, light and dark")
        phone(world, world.weir, paths)
        without_scripts(world, world.weir)
        print("  on a phone nothing is too wide; without scripts it works")
        find(world, world.weir)
        print("  what a choice does not hold is found by its name")


if __name__ == "__main__":
    main()
