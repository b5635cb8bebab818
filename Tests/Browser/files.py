"""Projects, code, datasets: made by clicking; a text that two people save, an upload that breaks off in the middle, names with markup."""

import hashlib
import os
import pathlib
import re
import tempfile
import time

from common import prepared, text as t
from playwright.sync_api import expect

MARKUP = "<img src=x onerror=alert(1)>"


def button(page, key, **options):
    return page.get_by_role("button", name=t(key), exact=True, **options)


def make_project(page, weir, shot):
    """The guide leads to the form; the name is text, whatever stands in it; three choices follow (PRJ-05)."""
    page.locator("#guide").get_by_role("link", name=t("projects.create")).click()
    page.get_by_label(t("frame.name"), exact=True).fill("digits " + MARKUP)
    page.get_by_role("textbox", name=t("projects.description")).fill("What <b>digits</b> are")
    page.get_by_label(t("projects.tags_hint")).fill("vision, <i>tag</i>")
    page.locator("main").get_by_role("button", name=t("projects.create")).click()
    for choice in ("upload_first", "start_now", "not_now"):
        expect(page.locator("main").get_by_role("link", name=t("projects." + choice), exact=True)).to_be_visible()
    shot(page, "project-created")
    # A second one of the same name is refused, and what was typed stays.
    page.goto(weir.url + "/projects/new")
    page.get_by_label(t("frame.name"), exact=True).fill("digits " + MARKUP)
    page.get_by_role("textbox", name=t("projects.description")).fill("kept")
    page.locator("main").get_by_role("button", name=t("projects.create")).click()
    expect(page.get_by_role("alert")).to_contain_text("name_taken")
    expect(page.get_by_role("textbox", name=t("projects.description"))).to_have_value("kept")
    page.goto(weir.url + "/projects")
    page.get_by_role("link", name="digits " + MARKUP).click()
    return re.search(r"/projects/(prj_\w+)", page.url).group(1)


def edit_project(page, shot):
    """The menu behind "…" (PRJ-06)."""
    page.get_by_role("button", name=t("projects.more")).first.click()
    page.get_by_role("link", name=t("projects.edit"), exact=True).click()
    page.get_by_label(t("frame.name"), exact=True).fill("digits")
    page.get_by_label(t("projects.tags_hint")).fill("")
    button(page, "projects.save").click()
    expect(page.get_by_text(t("codes.done_saved"))).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("digits")
    expect(page.locator("h1 .tag")).to_have_count(0)
    shot(page, "project")


def upload_code(page, folder, shot):
    """Files, and a whole folder, by their buttons; the list shows what came."""
    page.get_by_role("navigation", name=t("projects.parts")).get_by_role("link", name=t("projects.code")).click()
    files = {"train.py": "print('hello')\n", f"{MARKUP.replace('/', '')}.txt": "markup\n", "empty.txt": ""}
    for name, content in files.items():
        (folder / name).write_text(content)
    page.locator("input[data-files]").first.set_input_files([folder / name for name in files])
    expect(page.locator("#list tbody tr")).to_have_count(3)
    expect(page.locator(".uploads tr[data-state=done]")).to_have_count(3)
    package = folder / "package"
    (package / "inner").mkdir(parents=True)
    (package / "a.py").write_text("a = 1\n")
    (package / "inner" / "b.py").write_text("b = 2\n")
    page.locator("input[webkitdirectory]").set_input_files(package)
    page.locator("#list").get_by_role("link", name="package/").click()
    page.locator("#list").get_by_role("link", name="inner/").click()
    expect(page.locator("#list tbody tr")).to_have_count(1)
    shot(page, "code-folder")
    page.get_by_role("navigation", name=t("projects.path")).get_by_role("link", name="/gemini/code").click()
    # A folder is made, a file renamed and deleted by the menu.
    button(page, "code.new_folder").click()
    page.get_by_role("dialog", name=t("code.new_folder")).get_by_label(t("code.new_path")).fill("made")
    page.get_by_role("dialog", name=t("code.new_folder")).get_by_role("button", name=t("code.new_folder")).click()
    expect(page.locator("#list").get_by_role("link", name="made/")).to_be_visible()
    row = page.locator("#list tr", has_text="empty.txt")
    row.get_by_role("button", name=t("projects.more")).click()
    row.get_by_role("button", name=t("code.rename"), exact=True).first.click()
    dialog = page.get_by_role("dialog", name=t("code.rename")).and_(page.locator(":popover-open"))
    dialog.get_by_label(t("code.new_path")).fill("made/renamed.txt")
    dialog.get_by_role("button", name=t("code.rename"), exact=True).click()
    expect(page.locator("#list tr", has_text="empty.txt")).to_have_count(0)
    row = page.locator("#list tr", has_text="onerror")
    row.get_by_role("button", name=t("projects.more")).click()
    row.get_by_role("button", name=t("code.delete"), exact=True).first.click()
    asked = page.locator("[popover].ask:popover-open")
    expect(asked).to_contain_text(t("code.delete_file"))
    asked.get_by_role("button", name=t("code.delete"), exact=True).click()
    expect(page.get_by_text(t("codes.done_deleted"))).to_be_visible()
    expect(page.locator("#list tr", has_text="onerror")).to_have_count(0)
    shot(page, "code")


def write(page, text):
    """Into the editor, or into the plain field where there is none."""
    mirror = page.locator(".cm-content").first
    place = mirror if mirror.count() else page.locator("textarea[data-editor]")
    place.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def edit_with_conflict(opened, page, project, shot):
    """Saved once; then another changes the file, the saving is refused, both texts are shown, and theirs is overwritten."""
    operator = opened.operator
    address = f"/api/v1/projects/{project}/code/text?path=train.py"
    page.locator("#list").get_by_role("link", name="train.py").click()
    page.wait_for_load_state("networkidle")
    write(page, "print('a line of many')\n" * 200)
    opened.obeys_axe(page)
    write(page, "print('first')\n")
    shot(page, "editor")
    button(page, "code.save").click()
    expect(page.get_by_text(t("codes.done_saved"))).to_be_visible()
    seen = operator.call("GET", address)
    assert seen["text"] == "print('first')\n", seen
    page.wait_for_load_state("networkidle")
    # By the keyboard it is saved where it stands: twice, and nothing is loaded again (ux 24).
    page.evaluate("window.isSamePage = true")
    facts = page.locator("[data-facts]").inner_text()
    for number in (1, 2):
        write(page, f"print('by the keyboard {number}')\n")
        page.keyboard.press("Control+s")
        expect(page.get_by_text(t("codes.done_saved")).last).to_be_visible()
        deadline = time.monotonic() + 20
        while (seen := operator.call("GET", address))["text"] != f"print('by the keyboard {number}')\n" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert seen["text"] == f"print('by the keyboard {number}')\n", seen
        # Its size and time are those of what was saved (G4).
        expect(page.locator("[data-facts]")).not_to_have_text(facts)
    # What another wrote in the moment between is told, and not written over by the next saving (review 16).
    page.evaluate("""() => {
        const plain = window.fetch;
        window.fetch = async (...all) => {
            window.fetch = plain;
            const answer = await plain(...all);
            const text = (await answer.text()).replaceAll("in between", "theirs");
            return { ok: answer.ok, redirected: answer.redirected, url: answer.url, text: async () => text };
        };
    }""")
    write(page, "print('in between')\n")
    page.keyboard.press("Control+s")
    expect(page.get_by_text(t("code.overtaken"))).to_be_visible()
    seen = operator.call("GET", address)
    assert seen["text"] == "print('in between')\n", seen
    assert page.evaluate("window.isSamePage"), "the page was loaded again"
    operator.call("PUT", address, {"text": "print('theirs')\n", "tag": seen["tag"]})
    write(page, "print('mine </textarea>" + MARKUP + "')\n")
    button(page, "code.save").click()
    expect(page.get_by_role("alert")).to_contain_text("changed_meanwhile")
    expect(page.get_by_role("heading", name=t("code.yours"))).to_be_visible()
    expect(page.get_by_label(t("code.theirs"))).to_have_value("print('theirs')\n")
    page.wait_for_load_state("networkidle")
    shot(page, "editor-conflict")
    assert operator.call("GET", address)["text"] == "print('theirs')\n"
    button(page, "code.overwrite").click()
    expect(page.get_by_text(t("codes.done_saved"))).to_be_visible()
    assert operator.call("GET", address)["text"] == "print('mine </textarea>" + MARKUP + "')\n"


# What is uploaded while the network breaks. It is read, sent, hashed and written several times over: with a GiB the suite takes that longer.
UPLOADED = 1 << 30


def large(file, size):
    """A file whose bytes differ from MiB to MiB, made without being written whole. Returns its digest."""
    with open(file, "wb") as out:
        out.truncate(size)
        for place in range(0, size, 1 << 20):
            out.seek(place)
            out.write(os.urandom(4096))
    with open(file, "rb") as made:
        return hashlib.file_digest(made, "sha256").hexdigest()


def break_off(page, folder, shot):
    """Makes a dataset by clicking and uploads into its draft; the network breaks in the middle, is paused, and goes on to the end."""
    page.get_by_role("navigation", name=t("frame.main_menu")).get_by_role("link", name=t("frame.datasets")).click()
    page.locator("main").get_by_role("link", name=t("assets.new_dataset")).first.click()
    page.get_by_label(t("frame.name"), exact=True).fill("raw " + MARKUP)
    page.get_by_label(t("assets.data_type")).select_option("image")
    page.get_by_label(t("assets.scenario")).select_option("image_classification")
    button(page, "assets.create_and_upload").click()
    expect(page.get_by_role("heading", name=t("assets.adjust"))).to_be_visible()
    file = folder / "raw.bin"
    digest = large(file, UPLOADED)
    network = page.context.new_cdp_session(page)

    def connect(rate):
        """Bytes a second; 0 is a broken network, which breaks what is on its way, too; -1 has no limit."""
        conditions = {"offline": rate == 0, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate}
        network.send("Network.emulateNetworkConditions", conditions)

    network.send("Network.enable")
    slow = UPLOADED // 16
    connect(slow)
    page.locator("input[data-files]").first.set_input_files(file)
    row = page.locator(".uploads tbody tr")
    bar = row.locator("progress")
    while bar.evaluate("(bar) => bar.value") < 0.15:
        page.wait_for_timeout(20)
    connect(0)
    expect(row).to_have_attribute("data-state", "broken")
    reached = bar.evaluate("(bar) => bar.value")
    assert 0 < reached < 1, reached
    shot(page, "upload-broken")
    connect(slow)
    expect(row).to_have_attribute("data-state", "runs")
    row.get_by_role("button", name=t("code.pause")).click()
    expect(row).to_have_attribute("data-state", "paused")
    # The page is loaded again: what has not come to its end is listed, and the same file goes on where it was.
    page.reload()
    unfinished = page.locator("#unfinished tbody tr", has_text="raw.bin")
    button(unfinished, "code.give_up").click()
    asked = page.locator("[popover].ask:popover-open")
    expect(asked).to_contain_text(t("code.give_up_loses"))
    asked.get_by_role("link", name=t("frame.cancel")).click()
    expect(asked).to_have_count(0)
    page.locator("input[data-files]").first.set_input_files(file)
    expect(row).to_contain_text(t("code.says_resumed"))
    connect(-1)
    expect(row).to_have_attribute("data-state", "done", timeout=240_000)
    expect(page.locator("#list").get_by_role("cell", name="raw.bin", exact=True)).to_be_visible()
    expect(page.locator("#unfinished tbody tr")).to_have_count(0)
    network.detach()
    page.get_by_label(t("assets.note")).fill("first " + MARKUP)
    button(page, "assets.confirm").click()
    expect(page.get_by_text(t("codes.done_version"))).to_be_visible()
    expect(page.locator("#list")).to_contain_text("v1")
    shot(page, "dataset")
    return re.search(r"/assets/(ast_\w+)", page.url).group(1), digest


def refuse(page, folder):
    """Too many files at once are refused with the way out (DAT-04, DAT-35)."""
    page.get_by_role("navigation", name=t("projects.parts")).get_by_role("link", name=t("assets.draft")).click()
    many = folder / "many"
    many.mkdir()
    for number in range(51):
        (many / f"{number}.txt").write_text("x")
    page.locator("input[data-files]").first.set_input_files(sorted(many.iterdir()))
    expect(page.get_by_role("alert")).to_have_text(t("code.says_too_many") + " (50)")
    # All of a folder are given up, and none of those that had no turn yet begins (review 3).
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    conditions = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    network.send("Network.emulateNetworkConditions", conditions | {"offline": True})
    page.locator("input[webkitdirectory]").first.set_input_files(many)
    rows = page.locator(".uploads tbody tr")
    expect(page.locator(".uploads tr[data-state=broken]")).to_have_count(3)
    page.locator("[data-overall] [data-cancel]").click()
    expect(page.locator(".uploads tr[data-state=given_up]")).to_have_count(50)
    expect(rows).to_have_count(50)
    network.send("Network.emulateNetworkConditions", conditions | {"offline": False})
    network.detach()
    page.reload()
    # A whole folder goes in turns (ux 13).
    page.locator("input[webkitdirectory]").first.set_input_files(many)
    expect(page.locator("[data-summary]")).to_contain_text(f"51 {t('code.says_of')} 51", timeout=60_000)
    expect(page.locator("#list").get_by_role("link", name="many/")).to_be_visible()


def in_chinese(page, weir, project, asset, shot):
    """The same pages in Chinese."""
    page.get_by_role("banner").locator("details").last.locator("summary").click()
    page.get_by_role("button", name=t("frame.language")).click()
    for path, heading in [("/projects", "frame.projects"), ("/datasets", "frame.datasets"), ("/models", "frame.models"), ("/images", "frame.images")]:
        page.goto(weir.url + path)
        expect(page.get_by_role("heading", level=1)).to_contain_text(t(heading, "zh-Hans"))
        shot(page, path[1:] + "-zh")
    for path, text in [
        (f"/projects/{project}", "projects.step_develop"), (f"/projects/{project}/code", "code.drop"),
        (f"/projects/{project}/outputs", "projects.no_outputs"), (f"/projects/{project}/data", "projects.no_data"),
        (f"/assets/{asset}", "assets.versions"), (f"/assets/{asset}/draft", "assets.confirm"), ("/", "home.guide"),
    ]:
        page.goto(weir.url + path)
        if text == "projects.no_outputs":
            text = "projects.runs_outputs"
        expect(page.locator("main").get_by_text(t(text, "zh-Hans")).locator("visible=true").first).to_be_visible()
        shot(page, path.strip("/").replace("/", "-") + "-zh" if path != "/" else "home-zh")


def without_scripts(opened, project):
    """A file comes into the code by a plain form, a question is a page of its own, and both are answered."""
    context = opened.browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    opened.log_in_plainly(page)
    page.goto(f"{opened.weir.url}/projects/{project}/code")
    page.locator("input[name=file]").set_input_files({"name": "plain.txt", "mimeType": "text/plain", "buffer": b"plain\n"})
    page.locator("#upload form").get_by_role("button", name=t("code.upload")).click()
    expect(page.get_by_text(t("codes.done_uploaded"))).to_be_visible()
    row = page.locator("#list tr", has_text="plain.txt")
    row.get_by_role("button", name=t("projects.more")).click()
    row.get_by_role("button", name=t("code.delete"), exact=True).click()
    asked = page.locator("#question")
    expect(asked).to_contain_text("plain.txt")
    asked.get_by_role("button", name=t("code.delete"), exact=True).click()
    expect(page.get_by_text(t("codes.done_deleted"))).to_be_visible()
    expect(page.locator("#list tr", has_text="plain.txt")).to_have_count(0)
    expect(page.locator("#question")).to_have_count(0)
    context.close()


def delete_project(page, weir, project):
    """The question says what is lost and what is kept (PRJ-07, X21)."""
    page.goto(f"{weir.url}/projects/{project}")
    page.get_by_role("button", name=t("projects.more", "zh-Hans")).first.click()
    page.locator(".pop:popover-open").get_by_role("button", name=t("projects.delete", "zh-Hans")).click()
    asked = page.locator("[popover].ask:popover-open")
    expect(asked).to_contain_text(t("projects.delete_keeps", "zh-Hans"))
    asked.get_by_role("button", name=t("projects.delete", "zh-Hans")).click()
    expect(page.get_by_text(t("codes.done_deleted", "zh-Hans"))).to_be_visible()
    expect(page.get_by_text(t("projects.none", "zh-Hans"))).to_be_visible()


def main():
    with prepared() as (opened, _), tempfile.TemporaryDirectory(prefix="weir-browser-", dir="/tmp") as place:
        folder, weir, operator = pathlib.Path(place), opened.weir, opened.operator
        page = opened.person()
        expect(page.get_by_role("heading", name="vision", level=1)).to_be_visible()

        def shot(page, name):
            opened.shot(page, "files-" + name)

        # Only a page that is left with an upload on its way asks; an alert would be markup that ran.
        def look(dialog):
            if dialog.type == "alert":
                opened.problems.append(f"a dialog: {dialog.message}")
            dialog.accept()

        page.on("dialog", look)
        project = make_project(page, weir, shot)
        edit_project(page, shot)
        print("  a project was made and changed by clicking, with markup in every field")
        upload_code(page, folder, shot)
        print("  code was uploaded, renamed and deleted")
        edit_with_conflict(opened, page, project, shot)
        print("  of two who saved, the second saw both texts and overwrote")
        asset, digest = break_off(page, folder, shot)
        with operator.opened("GET", f"/api/v1/assets/{asset}/versions/1/file?path=raw.bin") as content:
            assert hashlib.file_digest(content, "sha256").hexdigest() == digest
        print(f"  {UPLOADED >> 20} MiB went on after a broken network and a reload, and became a version")
        refuse(page, folder)
        without_scripts(opened, project)
        print("  without scripts a file was uploaded and deleted")
        in_chinese(page, weir, project, asset, shot)
        delete_project(page, weir, project)
        print("  the pages speak Chinese; the project was deleted")


if __name__ == "__main__":
    main()
