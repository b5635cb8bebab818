"""Money, team, account, operator: accounts and their one-time passwords, roles, codes, bills, budgets, invoices, quotas, tokens and keys."""

import datetime
import json
import re
import subprocess
import time

from common import PASSWORD, Person, expect, prepared, text

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
EVIL = "<img src=x onerror=alert(1)>"


def button(place, key, language="en"):
    return place.get_by_role("button", name=text(key, language), exact=True)


def field(place, key, language="en"):
    """By its label; a list's options are in the label, too, so its text alone does not find it."""
    return place.locator(f"label:has(> span:text-is({json.dumps(text(key, language))})) :is(input, select, textarea)")


def row(page, words):
    return page.locator("tbody tr").filter(has_text=words).first


def done(page, key):
    expect(page.locator("#messages")).to_contain_text(text("codes." + key))


def confirmed(place, page, key):
    """Asks first, and then does it."""
    button(place, key).first.click()
    asked = page.locator("[popover]:popover-open")
    expect(asked).to_be_visible()
    button(asked, key).click()


def section(page, key):
    return page.locator(f"section:has(> h2:text-is('{text(key)}'))")


def first_passwords(world, page):
    """The operator makes an account; its password is shown once, must be changed, and five failures lock the account."""
    page.goto(world.weir.url + "/operator/accounts")
    form = section(page, "operator.new_account")
    field(form, "accounts.login").fill("ada")
    field(form, "accounts.display_name").fill(EVIL)
    button(form, "operator.create_account").click()
    once = page.locator("#secret").inner_text()
    expect(row(page, "ada")).to_contain_text(EVIL)
    page.goto(world.weir.url + "/operator/accounts?name=ad")
    expect(page.locator("#secret")).to_have_count(0)
    expect(page.locator("#list tbody tr")).to_have_count(1)

    ada = world.visitor()
    for _ in range(5):
        world.log_in(ada, "ada", "certainly not this")
        expect(ada.locator("main [role=alert]")).to_be_visible()
    world.log_in(ada, "ada", once)
    expect(ada.locator("main [role=alert]")).to_contain_text("locked for this place until")
    expect(field(ada, "accounts.login")).to_have_value("ada")
    page.goto(world.weir.url + "/operator/accounts")
    expect(row(page, "ada")).to_contain_text(text("operator.locked"))
    confirmed(row(page, "ada"), page, "operator.reset")
    once = page.locator("#secret").inner_text()

    world.log_in(ada, "ada", once)
    expect(ada.get_by_text(text("accounts.first"))).to_be_visible()
    ada.goto(world.weir.url + "/money")
    expect(ada).to_have_url(re.compile("/password$"))
    expect(ada.get_by_text(text("accounts.password_rule"))).to_be_visible()
    field(ada, "accounts.new").fill(once)
    button(ada.locator("main"), "accounts.change").click()
    expect(ada.locator("main [role=alert]")).to_be_visible()
    field(ada, "accounts.new").fill(PASSWORD)
    button(ada.locator("main"), "accounts.change").click()
    done(ada, "done_password")
    expect(ada.get_by_text(text("accounts.no_workspace"))).to_be_visible()
    return ada


def sign_up_is_closed(world):
    page = world.visitor()
    page.goto(world.weir.url + "/login")
    expect(page.get_by_role("link", name=text("accounts.sign_up"))).to_have_count(0)
    page.goto(world.weir.url + "/sign-up")
    field(page, "accounts.login").fill("eve")
    field(page, "accounts.password").fill(PASSWORD)
    button(page.locator("main"), "accounts.sign_up").click()
    expect(page.locator("main [role=alert]")).to_contain_text("sign_up_closed")
    expect(field(page, "accounts.login")).to_have_value("eve")
    page.context.close()


def roles(world, page, ada):
    """A member sees what members see: no operator's page, no form that would be refused."""
    page.goto(world.weir.url + "/members")
    form = section(page, "members.add")
    field(form, "members.login").fill("nobody-here")
    button(form, "members.add").click()
    expect(page.locator("main [role=alert]")).to_be_visible()
    expect(field(section(page, "members.add"), "members.login")).to_have_value("nobody-here")
    field(section(page, "members.add"), "members.login").fill("ada")
    button(section(page, "members.add"), "members.add").click()
    done(page, "done_added")
    expect(row(page, "ada")).to_contain_text(EVIL)

    ada.goto(world.weir.url + "/")
    expect(ada.get_by_role("link", name=text("frame.capacity"))).to_have_count(0)
    for path in ("capacity", "accounts", "workspaces", "flavors", "tariff", "ledger", "codes", "arrears", "invoices", "checks"):
        answer = ada.goto(f"{world.weir.url}/operator/{path}")
        assert answer.status == 403, (path, answer.status)
        expect(ada.locator("main [role=alert]")).to_contain_text("operator_only")
    ada.goto(world.weir.url + "/money")
    expect(ada.get_by_text(text("billing.only_administrators"))).to_be_visible()
    expect(button(ada, "billing.redeem")).to_have_count(0)
    ada.goto(world.weir.url + "/members")
    expect(button(ada, "members.change")).to_have_count(0)

    page.goto(world.weir.url + "/members")
    row(page, "ada").get_by_role("button", name=f"{text('members.change')}: {text('members.role_of')} ada").click()
    asked = page.locator("[popover]:popover-open")
    asked.get_by_role("combobox").select_option("administrator")
    button(asked, "members.change").click()
    done(page, "done_saved")
    ada.goto(world.weir.url + "/money")
    expect(button(ada, "billing.redeem")).to_be_visible()
    page.goto(world.weir.url + "/members")
    confirmed(row(page, "ada"), page, "members.remove")
    done(page, "done_removed")
    answer = ada.goto(world.weir.url + "/money")
    expect(ada).to_have_url(re.compile("/welcome$"))
    assert answer.status == 200


def names(world, page):
    """A name is text, wherever it stands."""
    page.goto(world.weir.url + "/members")
    field(page, "members.workspace_name").fill(EVIL)
    button(page, "members.rename").click()
    done(page, "done_saved")
    expect(page.locator("header .switch summary").first).to_have_text(EVIL)
    page.goto(world.weir.url + "/operator/workspaces?name=img")
    expect(page.locator("#list tbody tr")).to_contain_text(EVIL)
    page.goto(world.weir.url + "/members")
    field(page, "members.workspace_name").fill("vision")
    button(page, "members.rename").click()
    done(page, "done_saved")


def codes(world, page):
    """A code is shown once, redeemed once, and what it paid stands in the entries; the ledger is right."""
    page.goto(world.weir.url + "/operator/codes")
    form = section(page, "operator.new_codes")
    field(form, "operator.code_amount").fill("25.5")
    field(form, "operator.count").fill("2")
    button(form, "operator.new_codes").click()
    code = page.locator("#codes").inner_text().split()[0]
    page.goto(world.weir.url + "/operator/codes")
    expect(page.locator("#codes")).to_have_count(0)
    page.get_by_role("link", name=text("frame.money")).first.click()
    before = page.locator("#balance").inner_text()
    field(page, "billing.code").fill("WEIR-0000-0000-0000-0000-0000")
    button(page, "billing.redeem").click()
    expect(page.locator("main [role=alert]")).to_contain_text("voucher_unknown")
    expect(field(page, "billing.code")).to_have_value("WEIR-0000-0000-0000-0000-0000")
    field(page, "billing.code").fill(code)
    button(page, "billing.redeem").click()
    done(page, "done_recharged")
    expect(page.locator("#balance")).to_have_text(f"{float(before) + 25.5:.2f}")
    page.goto(world.weir.url + "/operator/codes")
    expect(row(page, "vision")).to_contain_text(text("codes.used"))
    confirmed(row(page, text("codes.good")), page, "accounts.revoke")
    done(page, "done_revoked")

    page.goto(world.weir.url + "/operator/ledger")
    form = section(page, "operator.enter_recharge")
    field(form, "frame.workspace").select_option(index=1)
    field(form, "billing.amount").fill("100")
    field(form, "billing.reference").fill("transfer 4711")
    button(form, "operator.enter_recharge").click()
    done(page, "done_entered")
    button(section(page, "operator.verify"), "operator.verify").click()
    expect(page.locator("#verify [role=status]")).to_contain_text(text("operator.ledger_right"))
    page.goto(world.weir.url + "/money/entries?kind=recharge")
    expect(page.locator("#list tbody tr")).to_have_count(2)
    expect(row(page, "transfer 4711")).to_contain_text("100.00")
    today = datetime.date.today()
    page.goto(f"{world.weir.url}/money/entries?from={today - datetime.timedelta(2)}&to={today + datetime.timedelta(2)}")
    expect(row(page, "transfer 4711")).to_be_visible()
    page.goto(f"{world.weir.url}/money/entries?to={today - datetime.timedelta(2)}")
    expect(page.get_by_text(text("billing.no_entries"))).to_be_visible()
    records(world, page)


def records(world, page):
    """Who did what: in the workspace, and for the operator everywhere (ADM-04)."""
    page.goto(world.weir.url + "/records?kind=money")
    expect(row(page, "100.00")).to_contain_text("operator")
    field(page, "records.login").fill("nobody")
    page.get_by_role("button", name=text("frame.search")).click()
    expect(page.get_by_text(text("frame.nothing_fits"))).to_be_visible()
    field(page, "records.login").fill("operator")
    page.get_by_role("button", name=text("frame.search")).click()
    expect(page).to_have_url(re.compile("kind=money&login=operator"))
    expect(row(page, "100.00")).to_contain_text("operator")
    page.get_by_role("link", name=text("frame.reset")).click()
    expect(page.locator("#list tbody tr").last).to_be_visible()
    world.shot(page, "records")
    page.get_by_role("navigation").get_by_role("link", name=text("frame.audit")).click()
    field(page, "records.kind").select_option("account")
    page.get_by_role("button", name=text("frame.search")).click()
    expect(page.locator("#list tbody tr").last).to_contain_text("operator")
    world.shot(page, "audit")


def a_charge(world, workspace):
    """Runs something. Returns its name."""
    operator = world.operator
    world.offer_images()
    image = next(i["id"] for i in operator.call("GET", "/api/v1/images")["items"] if "python" in i["reference"])
    project = operator.call("POST", f"/api/v1/workspaces/{workspace}/projects", {"name": "digits"})["id"]
    job = {"name": "train", "image": image, "flavor": "small", "command": "true"}
    made = operator.call("POST", f"/api/v1/projects/{project}/jobs", job)["id"]
    operator.wait(made, "completed")
    # The settlement follows the end.
    deadline = time.monotonic() + 60
    while not operator.call("GET", f"/api/v1/workspaces/{workspace}/bills")["items"]:
        assert time.monotonic() < deadline, "the job was not charged"
        time.sleep(0.2)
    return "train"


def bills(world, page, name):
    """What was charged stands on the bill with its arithmetic, on its own page, and in the files."""
    page.goto(world.weir.url + "/money/bills")
    page.locator("#list tbody a").first.click()
    expect(row(page, name)).to_contain_text("digits")
    row(page, name).get_by_text(text("billing.arithmetic")).click()
    expect(row(page, name)).to_contain_text("× 1 min ÷ 60")
    with page.expect_download() as saved:
        page.get_by_role("link", name=f"{text('billing.download')} CSV").click()
    assert name in saved.value.path().read_text(), "the job is not in the CSV file"
    field(page, "billing.kind").select_option("storage")
    expect(page.get_by_text(text("billing.no_lines"))).to_be_visible()
    field(page, "billing.kind").select_option("job")
    expect(row(page, name)).to_be_visible()
    world.shot(page, "bill")
    page.get_by_role("link", name=text("billing.why")).first.click()
    expect(page.locator("main")).to_contain_text(name)
    page.goto(world.weir.url + "/money/entries?kind=charge")
    page.locator("#list tbody a").first.click()
    expect(page.locator("main")).to_contain_text("× 1 min ÷ 60")


def budgets(world, page):
    page.goto(world.weir.url + "/money/budgets")
    form = section(page, "billing.new_budget")
    field(form, "billing.limit").fill("much")
    button(form, "billing.save").click()
    expect(page.locator("main [role=alert]")).to_be_visible()
    form = section(page, "billing.new_budget")
    expect(field(form, "billing.limit")).to_have_value("much")
    field(form, "billing.limit").fill("500")
    field(form, "billing.at_limit").select_option("stop")
    button(form, "billing.save").click()
    done(page, "done_saved")
    expect(row(page, text("billing.whole"))).to_contain_text("500.00")
    row(page, text("billing.whole")).get_by_role("link", name=text("billing.change")).click()
    field(page, "billing.limit").fill("600")
    button(page, "billing.save").click()
    expect(row(page, text("billing.whole"))).to_contain_text("600.00")
    expect(row(page, text("billing.whole"))).to_contain_text("80 %")
    confirmed(row(page, text("billing.whole")), page, "billing.remove")
    done(page, "done_removed")
    expect(page.get_by_text(text("billing.no_budgets"))).to_be_visible()
    warnings = section(page, "billing.warnings")
    field(warnings, "billing.warn_amounts").fill("100, 20")
    field(warnings, "billing.warn_hours").fill("48 24")
    button(warnings, "billing.save").click()
    done(page, "done_saved")
    expect(field(page, "billing.warn_amounts")).to_have_value(re.compile("100.00 20.00|20.00 100.00"))


def invoices(world, page, folder):
    page.goto(world.weir.url + "/money/invoices")
    field(page, "billing.invoice_title").fill("Vision Laboratory")
    field(page, "billing.tax_number").fill("91110000MA01")
    field(page, "billing.amount").fill("100000")
    button(page, "billing.request").click()
    expect(page.locator("main [role=alert]")).to_contain_text("invoice_too_large")
    expect(field(page, "billing.invoice_title")).to_have_value("Vision Laboratory")
    field(page, "billing.amount").fill("50")
    button(page, "billing.request").click()
    done(page, "done_requested")
    (folder / "invoice.pdf").write_bytes(PDF)
    page.goto(world.weir.url + "/operator/invoices")
    asked = row(page, "Vision Laboratory")
    expect(asked).to_contain_text("vision")
    field(asked, "billing.invoice_number").fill("2026-0001")
    field(asked, "operator.pdf").set_input_files(folder / "invoice.pdf")
    world.shot(page, "operator-invoices")
    button(asked, "operator.issue").click()
    done(page, "done_issued")
    expect(row(page, "2026-0001")).to_be_visible()
    page.goto(world.weir.url + "/money/invoices?state=issued")
    with page.expect_download() as saved:
        row(page, "2026-0001").get_by_role("link", name=f"{text('billing.download')} PDF").click()
    assert saved.value.path().read_bytes() == PDF, "the file is another one"


def quotas(world, page):
    page.goto(world.weir.url + "/quotas")
    row(page, text("codes.everyone")).get_by_role("link", name=text("quotas.change")).click()
    field(page, "quotas.cpu").fill("2.5")
    field(page, "quotas.weight").fill("150")
    button(page, "quotas.save").click()
    done(page, "done_saved")
    expect(row(page, "operator")).to_contain_text("0 / 2.5")
    expect(row(page, "operator").get_by_role("meter", name=text("quotas.cpu"))).to_be_visible()
    expect(section(page, "quotas.changes")).to_contain_text(f"{text('quotas.cpu')} 2.5")
    page.goto(world.weir.url + "/operator/workspaces")
    page.get_by_role("link", name="vision", exact=True).click()
    field(page, "quotas.instances").fill("20")
    button(page, "quotas.save").click()
    done(page, "done_saved")
    expect(field(page, "quotas.instances")).to_have_value("20")


def flavors(world, page):
    page.goto(world.weir.url + "/operator/flavors/new")
    field(page, "frame.name").fill("gpu-half")
    field(page, "quotas.cpu").fill("8")
    page.get_by_label(text("quotas.memory") + " (GiB)", exact=True).fill("64")
    page.get_by_label(text("operator.scratch") + " (GiB)", exact=True).fill("100")
    field(page, "operator.compute").fill("0.5")
    page.get_by_label(text("quotas.gpu_memory") + " (GiB)", exact=True).fill("40")
    page.get_by_label(re.compile(re.escape(text("operator.price_per_hour")))).fill("5")
    button(page, "operator.new_flavor").click()
    done(page, "done_created")
    expect(row(page, "gpu-half")).to_contain_text("0.5 × nvidia.com/gpu")
    button(row(page, "gpu-half"), "operator.to_top").click()
    done(page, "done_saved")
    expect(page.locator("#list tbody tr").first).to_contain_text("gpu-half")
    confirmed(row(page, "gpu-half"), page, "operator.retire")
    expect(row(page, "gpu-half")).to_contain_text(text("codes.retired"))
    button(row(page, "gpu-half"), "operator.restore").click()
    done(page, "done_saved")
    row(page, "gpu-half").get_by_role("link", name=text("operator.change")).click()
    field(page, "quotas.cpu").fill("6")
    button(page, "operator.save").click()
    done(page, "done_saved")
    page.goto(world.weir.url + "/operator/flavors/gpu-half")
    expect(section(page, "quotas.changes").locator("tbody tr")).not_to_have_count(0)

    page.goto(world.weir.url + "/operator/tariff/new")
    # A beginning that has passed is refused, and what was typed stays.
    page.get_by_label(re.compile(re.escape(text("operator.starts_at")))).fill("2001-01-01T08:00")
    page.get_by_label("gpu-half", exact=True).fill("6.25")
    page.get_by_label("medium", exact=True).fill("")
    page.locator("[name='board.cpu_core']").fill("0.777")
    button(page, "operator.publish").click()
    expect(page.locator("main [role=alert]")).to_be_visible()
    expect(page.get_by_label("gpu-half", exact=True)).to_have_value("6.25")
    expect(page.get_by_label("medium", exact=True)).to_have_value("")
    expect(page.locator("[name='board.cpu_core']")).to_have_value("0.777")
    page.get_by_label(re.compile(re.escape(text("operator.starts_at")))).fill("2099-01-01T08:00")
    button(page, "operator.publish").click()
    done(page, "done_published")
    newest = page.locator("main section").first
    expect(newest).to_contain_text("2099-01-01 08:00:00")
    expect(newest.locator("tr", has_text="gpu-half")).to_contain_text("6.25")
    expect(newest.locator("tr", has_text="medium")).to_have_count(0)
    world.shot(page, "tariff")


def account(world, page, folder):
    """A token is shown once and works until it is revoked; a key is added and removed."""
    page.goto(world.weir.url + "/account")
    tokens = section(page, "accounts.tokens")
    field(tokens, "accounts.token_name").fill("laptop")
    button(tokens, "accounts.new_token").click()
    secret = page.locator("#secret").inner_text()
    program = Person(world.weir, secret)
    assert program.call("GET", "/api/v1/account")["account"]["login"] == "operator"
    page.goto(world.weir.url + "/account")
    expect(page.locator("#secret")).to_have_count(0)
    confirmed(row(page, "laptop"), page, "accounts.revoke")
    done(page, "done_revoked")
    assert program.refusal("GET", "/api/v1/account") == 401, "a revoked token is let in"

    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada@laptop", "-f", folder / "key"], check=True)
    keys = page.locator("#ssh")
    field(keys, "accounts.public_key").fill("no key at all")
    button(keys, "accounts.add_key").click()
    expect(page.locator("main [role=alert]")).to_contain_text("ssh_key_malformed")
    expect(field(page, "accounts.public_key")).to_have_value("no key at all")
    field(keys, "accounts.public_key").fill((folder / "key.pub").read_text())
    button(keys, "accounts.add_key").click()
    done(page, "done_added")
    expect(row(page, "ada@laptop")).to_contain_text("SHA256:")
    confirmed(row(page, "ada@laptop"), page, "accounts.remove")
    done(page, "done_removed")
    field(page, "accounts.ssh_password").fill("three-rivers-and-a-weir")
    button(page, "accounts.set").last.click()
    done(page, "done_saved")
    expect(page.locator("main")).to_contain_text(text("accounts.is_set"))


def sessions(world):
    """A page of an older session changes nothing; logging out in one tab ends the other."""
    page = world.person()
    expect(page.locator("header .switch").first).to_be_visible()
    page.goto(world.weir.url + "/money/budgets")
    other = page.context.new_page()
    other.goto(world.weir.url + "/")
    other.locator("header details").last.locator("summary").click()
    button(other, "frame.log_out").click()
    expect(other).to_have_url(re.compile("/login"))
    world.log_in(other, "operator", PASSWORD)
    expect(other.locator("header .switch").first).to_be_visible()
    form = section(page, "billing.new_budget")
    field(form, "billing.limit").fill("1")
    with page.expect_navigation() as answered:
        button(form, "billing.save").click()
    assert answered.value.status == 403, answered.value.status
    expect(page.locator("main [role=alert]")).to_contain_text("stale_form")
    page.goto(world.weir.url + "/money/budgets")
    expect(page.get_by_text(text("billing.no_budgets"))).to_be_visible()
    other.goto(world.weir.url + "/")
    other.locator("header details").last.locator("summary").click()
    button(other, "frame.log_out").click()
    expect(other).to_have_url(re.compile("/login"))
    page.locator("main").get_by_role("link", name=text("billing.invoices"), exact=True).click()
    expect(page).to_have_url(re.compile("/login\\?next="))
    world.log_in(page, "operator", PASSWORD)
    page.context.close()


def main():
    with prepared() as (world, workspace):
        page = world.person()
        page.on("dialog", lambda dialog: world.problems.append(f"a name was run as a script: {dialog.message}"))
        expect(page.locator("header .switch").first).to_be_visible()
        ada = first_passwords(world, page)
        print("  an account was made with a one-time password, locked after five failures, reset, and its password changed")
        sign_up_is_closed(world)
        roles(world, page, ada)
        names(world, page)
        print("  a member sees no operator's page; roles, names and removal work")
        codes(world, page)
        print("  codes are shown once and redeemed; a recharge is entered, the ledger verified")
        bills(world, page, a_charge(world, workspace))
        print("  the bill shows a job with its arithmetic, and is exported")
        budgets(world, page)
        invoices(world, page, world.weir.folder)
        quotas(world, page)
        flavors(world, page)
        print("  budgets, warnings, an invoice with its PDF, quotas, flavors, a price list")
        account(world, page, world.weir.folder)
        sessions(world)
        print("  a token and a key come and go; a stale form is refused; logging out elsewhere leads to the login")


if __name__ == "__main__":
    main()
