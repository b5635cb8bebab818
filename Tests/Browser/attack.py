"""What a tenant's page tries in the browser of somebody who is logged in to the console; none of it succeeds.

The page is a service's own, on this host and so of the same site to a browser, which knows no ports in cookies: what keeps it out is the
origin. Its script is run in the page itself, as the tenant's own would be."""

import json
import re

from common import PASSWORD, expect, prepared, text
from running_weir import NOTEBOOK

# Says what the browser sent, and plants a cookie where it is asked to. Nothing of HTTP is left out: it reads the socket itself.
SERVER = r"""
import http.server, json, urllib.parse
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        body = ("<!doctype html><title>a tenant's page</title><pre id=sent>" + json.dumps(dict(self.headers)) + "</pre>").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        if "plant" in query:
            self.send_header("Set-Cookie", "weir_session=" + query["plant"] + "; Path=/; HttpOnly")
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"""
COMMAND = f"cat > /tmp/serve.py <<'END'\n{SERVER}\nEND\nexec python /tmp/serve.py"


def tenant(world):
    """Eve has a workspace of her own with a service in each mode. Returns her, her workspace and the addresses."""
    eve = world.weir.another(world.operator, "eve")
    workspace = eve.call("POST", "/api/v1/workspaces", {"name": "hostile"})["id"]
    project = eve.call("POST", f"/api/v1/workspaces/{workspace}/projects", {"name": "trap"})["id"]
    commitment = eve.call("GET", f"/api/v1/workspaces/{workspace}/commitments/port")
    eve.call("POST", f"/api/v1/workspaces/{workspace}/commitments/port", {"text_version": commitment["text_version"]})
    services = {
        mode: eve.call(
            "POST", f"/api/v1/projects/{project}/services",
            {"name": mode, "image": NOTEBOOK, "flavor": "small", "command": COMMAND, "port": 8000, "mode": mode})["id"]
        for mode in ("http", "tcp")
    }
    for service in services.values():
        eve.wait(service, "running")
    return eve, workspace, {mode: "http://" + eve.call("GET", f"/api/v1/workloads/{id}")["port"]["address"] for mode, id in services.items()}


def outcome(page, script, argument=None):
    """What the page's own script gets: `["ok", value]`, or `["refused", why]`."""
    return page.evaluate(
        "async ([source, argument]) => { try { return ['ok', await (0, eval)('(' + source + ')')(argument)]; } catch (e) { return ['refused', String(e)]; } }",
        [script, argument])


def reading(page, base):
    """Neither pages nor answers can be read, whatever the mode; nor run as a script; nor listened to."""
    for path in ("/", "/projects", "/api/v1/account", "/api/v1/workspaces", "/api/v1/openapi.json"):
        for mode in ("cors", "no-cors"):
            got = outcome(page, "async ([url, mode]) => { const r = await fetch(url, { credentials: 'include', mode }); return [r.type, r.status, await r.text()]; }", [base + path, mode])
            assert got[0] == "refused" or (got[1][0] == "opaque" and got[1][2] == ""), (path, mode, got)
    got = outcome(page, "(url) => new Promise((done, failed) => { const s = document.createElement('script'); s.src = url; s.onload = () => done('ran'); s.onerror = () => failed('blocked'); document.body.append(s); })", base + "/api/v1/account")
    assert got[0] == "refused", got
    got = outcome(page, "(url) => new Promise((done, failed) => { const s = new EventSource(url, { withCredentials: true }); s.onopen = () => done('open'); s.onerror = () => { s.close(); failed('closed'); }; })", base + f"/api/v1/workspaces/{page.evaluate('window.victim')}/events")
    assert got[0] == "refused", got


def writing(page, base):
    """A request that changes something is sent by the browser, cookie and all, and refused."""
    body = json.dumps({"name": "owned"})
    attempts = [
        ("/api/v1/workspaces", {"method": "POST", "body": body, "mode": "no-cors", "credentials": "include", "headers": {"Content-Type": "text/plain"}}),
        ("/api/v1/workspaces", {"method": "POST", "body": body, "credentials": "include", "headers": {"Content-Type": "application/json", "X-Weir-Request": "1"}}),
        ("/form/workspaces", {"method": "POST", "body": "name=owned", "mode": "no-cors", "credentials": "include", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}),
    ]
    for path, options in attempts:
        got = outcome(page, "async ([url, options]) => { const r = await fetch(url, options); return [r.type, r.status]; }", [base + path, options])
        assert got[0] == "refused" or got[1] == ["opaque", 0], (path, got)
    outcome(page, "([url, body]) => navigator.sendBeacon(url, body)", [base + "/api/v1/workspaces", body])
    for action in ("/form/workspaces", "/choose/workspace/wsp_x", "/choose/language/zh-Hans", "/form/sessions?_method=delete"):
        opened = page.context.new_page()
        opened.goto(page.url)
        with opened.expect_navigation() as answered:
            opened.evaluate(
                "(action) => { const f = document.createElement('form'); f.method = 'post'; f.action = action; f.innerHTML = '<input name=name value=owned>'; document.body.append(f); f.submit(); }",
                base + action)
        assert answered.value.status == 403, (action, answered.value.status)
        opened.close()


def framing(page, base):
    page.evaluate("(url) => new Promise((done) => { const f = document.createElement('iframe'); f.src = url; f.onload = done; f.onerror = done; document.body.append(f); setTimeout(done, 5000); })", base + "/projects")
    framed = [frame for frame in page.frames if frame != page.main_frame]
    assert framed and all(frame.url.startswith("chrome-error:") for frame in framed), [frame.url for frame in framed]


def windows(page, victim, base):
    """A window that leads to the console, either way, is no handle on it."""
    assert outcome(page, "() => window.opener") == ["ok", None]
    with page.context.expect_page() as opened:
        page.evaluate("(url) => { window.held = window.open(url); }", base + "/projects")
    expect(opened.value.locator("h1")).to_be_visible()
    page.wait_for_function("() => window.held.closed")
    for script in ("() => window.held.document.title", "() => window.held.location.href"):
        assert outcome(page, script)[0] == "refused", script
    outcome(page, "(url) => { window.held.location = url; }", page.url)
    expect(opened.value).to_have_url(base + "/projects")
    opened.value.close()


def who(victim, base, path="/account"):
    """Who the console takes the visitor for; None where it asks them to log in."""
    victim.goto(base + path)
    menu = victim.locator("header details").last.locator("summary")
    return menu.inner_text() if victim.locator("header details").count() else None


def cookies(page, victim, world, eve, addresses):
    """The session cannot be read, overwritten, or laid over by another one."""
    base = world.weir.url
    assert "weir_session" not in page.evaluate("document.cookie")
    stolen = eve.token
    page.evaluate("(secret) => { document.cookie = `weir_session=${secret}; path=/`; }", stolen)
    assert who(victim, base) == "operator"
    page.evaluate("(secret) => { document.cookie = `weir_session=${secret}; path=/projects`; }", stolen)
    assert who(victim, base, "/projects") in (None, "operator")
    page.evaluate("() => { document.cookie = 'weir_session=; path=/projects; max-age=0'; }")
    assert who(victim, base, "/projects") == "operator"
    # By the header of a service's own answer.
    page.goto(addresses["http"] + "/?plant=" + stolen)
    assert who(victim, base) == "operator"
    # In TCP mode nothing could be taken out of what is carried: so a browser is not let in at all.
    for address in (addresses["tcp"], addresses["tcp"] + "/?plant=" + stolen):
        answer = page.goto(address)
        assert answer.status == 421 and "weir_session" not in page.content(), (answer.status, page.content())
    assert who(victim, base) == "operator"
    # What the browser sends to a service has no cookie of Weir's.
    page.goto(addresses["http"])
    assert "weir" not in page.locator("#sent").inner_text().lower().replace(" weir/", "")


def flooding(page, victim, world, eve):
    """A flood of cookies drives the session out of the browser, and another is put in its place: the console says that it was not begun here."""
    base = world.weir.url
    page.evaluate(
        """(secret) => {
          for (let i = 0; i < 400; i++) document.cookie = `flood${i}=x; path=/`;
          for (let i = 0; i < 400; i++) document.cookie = `flood${i}=; path=/; max-age=0`;
          document.cookie = `weir_session=${secret}; path=/`;
        }""", eve.token)
    victim.goto(base + "/projects")
    victim.wait_for_load_state("networkidle")
    assert who(victim, base) == "eve", "the browser kept its session: then this asks for nothing"
    expect(victim.locator("#foreign")).to_be_visible()
    expect(victim.locator("main form")).to_have_count(1)
    world.shot(victim, "attack-foreign-session")
    victim.locator("#foreign").get_by_role("button", name=text("frame.log_out")).click()
    expect(victim).to_have_url(re.compile("/login"))
    world.log_in(victim, "operator", PASSWORD)
    expect(victim.locator("header .switch").first).to_be_visible()
    assert who(victim, base) == "operator"
    expect(victim.locator("#foreign")).to_have_count(0)


def main():
    with prepared() as (world, workspace):
        world.offer_images()
        eve, hostile, addresses = tenant(world)
        victim = world.person()
        expect(victim.locator("header .switch").first).to_be_visible()
        page = victim.context.new_page()
        page.goto(addresses["http"])
        page.evaluate("(workspace) => { window.victim = workspace; }", workspace)
        base = world.weir.url
        reading(page, base)
        writing(page, base)
        owned = [w["name"] for w in world.operator.call("GET", "/api/v1/workspaces")["items"]]
        assert "owned" not in owned, owned
        assert who(victim, base) == "operator"
        expect(victim.locator("html")).to_have_attribute("lang", "en")
        print("  a tenant's page could neither read nor write, by any of the browser's ways")
        framing(page, base)
        windows(page, victim, base)
        # The refusals that the tenant's own page is told of are what is wanted.
        world.problems[:] = [problem for problem in world.problems if problem.startswith(base)]
        print("  it could not frame the console, nor hold a window of it")
        cookies(page, victim, world, eve, addresses)
        print("  it could not read the session, lay another over it, or have it sent")
        flooding(page, victim, world, eve)
        print("  a session that was begun elsewhere is not worked in")


if __name__ == "__main__":
    main()
