"""First login with the one-time password, the menu, both languages, the phone, the keyboard, and pages that are not there."""

from common import PASSWORD, Person, console, expect, text


def first_login(page, world, login, once, workspace):
    world.log_in(page, login, once)
    page.get_by_label(text("accounts.current")).fill(once)
    page.get_by_label(text("accounts.new")).fill(PASSWORD)
    page.locator("main").get_by_role("button", name=text("accounts.change")).click()
    expect(page.get_by_text(text("codes.done_password"))).to_be_visible()
    world.log_in(page, login, PASSWORD)
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


# By the formula of WCAG 2.2 (1.4.3), over what is really drawn: each text with a colour of its own against the nearest opaque ground.
CONTRAST = """() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !element.checkVisibility()) continue;
    if (element.matches(":disabled")) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(style.color)), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) bad.push(`${element.tagName} "${element.textContent.trim().slice(0, 30)}" ${ratio.toFixed(2)}`);
  }
  return bad;
}"""

# Every field and button has a name; ids are there once; headings skip no level; tables have heads.
ROLES = """() => {
  const bad = [];
  const named = (e) => e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.title || e.textContent.trim();
  for (const e of document.querySelectorAll("button, a[href], summary")) if (!named(e) && !e.querySelector("img[alt]:not([alt=''])")) bad.push("no name: " + e.outerHTML.slice(0, 80));
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!e.labels?.length && !e.getAttribute("aria-label")) bad.push("no label: " + e.outerHTML.slice(0, 80));
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) bad.push("twice: #" + id);
  let last = 0;
  for (const e of document.querySelectorAll("main h1, main h2, main h3, main h4")) {
    if (!e.checkVisibility()) continue;
    const level = Number(e.tagName[1]);
    if (level > last + 1) bad.push("skips a level: " + e.textContent);
    last = level;
  }
  for (const e of document.querySelectorAll("img")) if (e.getAttribute("alt") === null) bad.push("no alt: " + e.src);
  return bad;
}"""


def accessible(world, weir, paths):
    """Contrast, names, labels and headings (WCAG 2.2 AA), light and dark; axe-core comes with no package that resolves here."""
    page = world.person()
    for path in paths:
        page.goto(weir.url + path)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for check in (CONTRAST, ROLES):
                bad = page.evaluate(check)
                assert not bad, (scheme, path, bad)
    page.context.close()


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
        paths = page.locator("nav a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        accessible(world, world.weir, paths)
        print("  contrast, names, labels and headings hold, light and dark")
        phone(world, world.weir, paths)
        without_scripts(world, world.weir)
        print("  on a phone nothing is too wide; without scripts it works")


if __name__ == "__main__":
    main()
