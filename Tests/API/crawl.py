"""Every page of the console as each role sees it: each link leads on, each question and form opens, and nothing is raw JSON (issue 11)."""

import html.parser
import http.client
import os
import pathlib
import re
import sys
import time
import urllib.parse

import yaml
from running_weir import PASSWORD, Weir

# Pages of one kind with the same parameters are alike: so many of each are looked at.
MOST_ALIKE = 3


class Page(html.parser.HTMLParser):
    """Where a page leads: its links, its forms by their address, its questions, and what it asks for live."""

    def __init__(self, text):
        super().__init__()
        self.links, self.files, self.forms, self.ids, self.headings = [], [], [], set(), 0
        self._form, self._named = None, {}
        self.feed(text)

    def handle_starttag(self, tag, pairs):
        values = dict(pairs)
        self.ids.add(values.get("id"))
        if tag == "h1":
            self.headings += 1
        if tag == "a" and "href" in values:
            (self.files if "download" in values else self.links).append(values["href"])
        if tag in ("script", "img") and "src" in values:
            self.files.append(values["src"])
        if tag == "link":
            self.files.append(values["href"])
        if tag == "form":
            self._form = {"method": values.get("method", "get"), "action": values.get("action"), "fields": [], "buttons": []}
            self.forms.append(self._form)
            if "id" in values:
                self._named[values["id"]] = self._form
        form = self._named.get(values.get("form"), None) if values.get("form") else self._form
        if tag == "button" and values.get("form") and form is None:
            form = {"method": "", "action": None, "fields": [], "buttons": []}
            self.forms.append(dict(form, buttons=[values], late=values["form"]))
        elif form is not None and tag == "button" and values.get("type", "submit") == "submit":
            form["buttons"].append(values)
        elif form is not None and tag in ("input", "select", "textarea") and values.get("name"):
            form["fields"].append((values["name"], values.get("value") or ""))

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None

    def questions(self):
        """What is asked before something is lost, by the page's own addresses."""
        asks = self._named.get("ask")
        if not asks:
            return
        own = asks["buttons"] + [button for form in self.forms if form.get("late") == "ask" for button in form["buttons"]]
        for button in own:
            fields = [*asks["fields"], (button["name"], button["value"])]
            yield asks["action"].split("#")[0] + "?" + urllib.parse.urlencode(fields)

    def searches(self):
        for form in self.forms:
            if form["method"] == "get" and form is not self._named.get("ask"):
                yield form


class Visitor:
    """A browser without scripts."""

    def __init__(self, weir, name, login, language="en"):
        self.weir, self.name, self.language = weir, name, language
        self.cookies = {"weir_language": language}
        host = urllib.parse.urlsplit(weir.url)
        self.connection = http.client.HTTPConnection(host.hostname, host.port, timeout=60)
        if login:
            fields = {"login": login, "password:keep": PASSWORD, "_next": "/"}
            status, _, _ = self.ask("POST", "/form/sessions", urllib.parse.urlencode(fields))
            if status != 303:
                raise SystemExit(f"FAILED: {login} cannot log in: {status}")

    def ask(self, method, address, body=None):
        headers = {
            "Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Origin": self.weir.url,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, address, body, headers)
        answer = self.connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
            if not value:
                del self.cookies[name]
        return answer.status, answer.headers, answer.read()

    def open(self, address):
        """The end of a way through redirections."""
        for _ in range(5):
            status, headers, body = self.ask("GET", address)
            if status not in (302, 303, 307):
                return status, headers, body, address
            address = urllib.parse.urljoin(address, headers["Location"])
        raise SystemExit(f"FAILED: {address} leads round in a circle")


class Crawl:
    def __init__(self, visitor, document):
        self.visitor, self.document = visitor, document
        self.faults, self.seen, self.alike, self.pages, self.asked = [], set(), {}, 0, 0

    def fault(self, address, found_on, what):
        self.faults.append(f"{self.visitor.name}: {address} (on {found_on}): {what}")

    def run(self, *starts):
        waiting = [(start, "the beginning") for start in starts]
        while waiting:
            address, found_on = waiting.pop(0)
            if not self.is_new(address):
                continue
            if page := self.page(address, found_on):
                waiting += self.ways_on(address, page)

    def is_new(self, address):
        if address in self.seen:
            return False
        self.seen.add(address)
        parts = urllib.parse.urlsplit(address)
        shape = re.sub(r"(wld|prj|ast|wsp|acc|ins|img|inv|opn|bdg|tok|key)_[0-9a-z]+", "{id}", parts.path)
        shape = re.sub(r"/\d+(?=/|$)", "/{n}", shape)
        names = tuple(sorted(name + ("=" + value.split("-")[0] if name == "ask" else "") for name, value in urllib.parse.parse_qsl(parts.query)))
        self.alike[shape, names] = self.alike.get((shape, names), 0) + 1
        return self.alike[shape, names] <= MOST_ALIKE

    def page(self, address, found_on):
        status, headers, body, end = self.visitor.open(address)
        self.pages += 1
        kind = headers.get_content_type()
        if kind != "text/html":
            self.fault(address, found_on, f"{status} {kind} {body[:160]!r}")
            return None
        text = body.decode()
        if status != 200:
            message = re.search(r'role="alert"><strong>([^<]*)', text)
            self.fault(address, found_on, f"{status} {message and message[1]}")
            return None
        # The way home is the login's to a stranger, and the first workspace's to who is in none.
        if urllib.parse.urlsplit(end).path in ("/login", "/welcome", "/password") and address != "/" and not address.startswith(("/login", "/welcome")):
            self.fault(address, found_on, f"leads to {end}")
        for left in re.findall(r"\{\{[^}]{1,60}\}\}|\bnull\b</|undefined", re.sub(r"<(script|textarea|code|pre).*?</\1>", "", text, flags=re.S)):
            self.fault(address, found_on, f"shows {left}")
        page = Page(text)
        if page.headings != 1:
            self.fault(address, found_on, f"{page.headings} main headings")
        return page

    def ways_on(self, address, page):
        found = []
        for link in page.links:
            target = urllib.parse.urljoin(address, link)
            parts = urllib.parse.urlsplit(target)
            if parts.netloc:
                continue
            if parts.fragment and (not link.split("#")[0] or parts.path == urllib.parse.urlsplit(address).path and "?" not in link):
                if parts.fragment not in page.ids:
                    self.fault(link, address, "there is no such place on the page")
            if link.startswith("/api/"):
                self.file(target, address)
            else:
                found.append((target.split("#")[0], address))
        for link in page.files:
            self.file(urllib.parse.urljoin(address, link), address)
        for form in page.searches():
            action = urllib.parse.urljoin(address, form["action"] or urllib.parse.urlsplit(address).path)
            # What the page's own address asks for goes, as in a browser.
            action = action.split("#")[0].split("?")[0]
            query = urllib.parse.urlencode([(name, value) for name, value in form["fields"] if value])
            found.append((action + ("?" + query if query else ""), address))
        for question in page.questions():
            if self.is_new(question):
                self.asked += 1
                asked = self.page(question, address)
                if asked and "question" not in asked.ids:
                    self.fault(question, address, "asks nothing")
        for form in page.forms:
            for target in [form["action"]] + [button.get("formaction") for button in form["buttons"]]:
                if target and form["method"] != "get":
                    self.form(target, address)
        return found

    def form(self, target, found_on):
        """What a form does is an operation of the API; and whoever asks for its address gets a page."""
        path = urllib.parse.urlsplit(target).path
        if not path.startswith("/form/"):
            if not path.startswith("/choose/"):
                self.fault(target, found_on, "is no form of the console")
            return
        shape = "/api/v1/" + re.sub(r"\{[a-z_.]*\}", "x", urllib.parse.unquote(path[len("/form/"):]))
        if not any(pattern.fullmatch(shape) for pattern in self.document):
            self.fault(target, found_on, "is no operation of the API")

    def file(self, target, found_on):
        if not self.is_new("file " + target):
            return
        status, headers, body = self.visitor.ask("GET", target)
        is_raw = headers.get_content_type() == "application/json" and not headers.get("Content-Disposition", "").startswith("attachment")
        if status != 200 or is_raw:
            self.fault(target, found_on, f"{status} {headers.get_content_type()} {body[:160]!r}")


def operations(document):
    """The paths that a form may stand for."""
    paths = yaml.safe_load(document)["paths"]
    return [re.compile(re.sub(r"\\\{[^}]*\\\}|\{[^}]*\}", "[^/]+", path)) for path, methods in paths.items() if set(methods) - {"get", "parameters"}]


def world(weir):
    """An operator who is in no workspace of the others, an owner and a member, and one of everything in every state that shows links."""
    operator = weir.operator()
    weir.official_images(operator)
    owner, member = weir.another(operator, "lin"), weir.another(operator, "wei")
    workspace = owner.call("POST", "/api/v1/workspaces", {"name": "vision"})["id"]
    owner.call("PUT", f"/api/v1/workspaces/{workspace}/members/wei", {"role": "member"})
    images = owner.call("GET", "/api/v1/images")["items"]
    notebook = next(image["id"] for image in images if "notebook" in image["reference"])
    python = next(image["id"] for image in images if "python" in image["reference"])
    project = owner.call("POST", f"/api/v1/workspaces/{workspace}/projects", {"name": "digits", "description": "Read digits"})["id"]
    binary = {"Content-Type": "application/octet-stream"}
    for path in ("train.py", "notes/readme.md"):
        owner.call("PUT", f"/api/v1/projects/{project}/code/file?path={path}", raw=b"print(1)\n", headers=binary)

    def submit(person, kind, **body):
        return person.call("POST", f"/api/v1/projects/{project}/{kind}", {"flavor": "small", **body})["id"]

    lab = submit(member, "environments", name="lab", image=notebook, flavor="medium", auto_stop=7200)
    done = submit(member, "jobs", name="train-1", image=python, command="mkdir -p /gemini/output/logs; echo done | tee /gemini/output/logs/a.txt")
    failed = submit(member, "jobs", name="oom", image=python, command="python3 -c 'x = bytearray(2 << 30)'")
    commitment = f"/api/v1/workspaces/{workspace}/commitments/port"
    owner.call("POST", commitment, {"text_version": owner.call("GET", commitment)["text_version"]})
    service = submit(owner, "services", name="pages", image=python, port=8000, command="python3 -m http.server 8000")
    for kind in ("dataset", "model"):
        asset = owner.call("POST", f"/api/v1/workspaces/{workspace}/assets", {"kind": kind, "name": kind + "-1"})["id"]
        into_draft(owner, asset, "a.csv")
        owner.call("POST", f"/api/v1/assets/{asset}/versions", {"note": "first"})
        into_draft(owner, asset, "b.csv")
    owner.call("PUT", f"/api/v1/workspaces/{workspace}/budgets/workspace", {"limit": "50", "at_limit": "refuse"})
    member.wait(done, "completed")
    member.wait(failed, "failed")
    owner.wait(service, "running")
    member.wait(lab, "running")
    stopped = submit(owner, "services", name="old", image=python, port=8000, command="python3 -m http.server 8000")
    owner.wait(stopped, "running")
    owner.call("POST", f"/api/v1/workloads/{stopped}/stop")
    board = submit(member, "boards", name="curves", image=notebook, flavor="medium", path=f"jobs/{done}")
    queued = submit(member, "jobs", name="waits", image=python, flavor="huge", command="true")
    owner.wait(stopped, "stopped")
    member.wait(board, "running", "failed")
    return {"workspace": workspace, "project": project, "lab": lab, "queued": queued, "done": done}


def into_draft(person, asset, name):
    form = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n1,2\n\r\n--b--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    person.call("POST", f"/api/v1/assets/{asset}/draft/files", headers=headers, raw=form.encode())


def wrong_addresses(visitor, made, check):
    """An address that is nowhere is a page, in the language of its visitor, and so is a form's that is asked for."""
    for address in [
        "/nope", f"/projects/{made['project']}/nope", f"/projects/{made['project']}/output", "/workloads/x/y/z", "/operator/nope/nope",
        "/projects//services/commitment", "/form/sessions", "/form/accounts", f"/form/workspaces/{made['workspace']}/budgets/workspace",
        "/choose/language/en", "/console/x/nope.js/nope",
    ]:
        status, headers, body, _ = visitor.open(address)
        if headers.get_content_type() != "text/html" or status not in (200, 404, 405):
            check(f"{visitor.name}: {address}: {status} {headers.get_content_type()} {body[:100]!r}")


def main():
    begun = time.monotonic()
    with Weir(before=prepare) as weir:
        made = world(weir)
        document = operations(pathlib.Path("Sources/WeirHTTP/OpenAPI/openapi.yaml").read_text())
        faults = []
        for name, login, language, starts in [
            ("a visitor", None, "en", ["/login"]), ("the member", "wei", "en", ["/"]), ("the owner", "lin", "zh-Hans", ["/"]),
            ("the operator", "operator", "en", ["/operator/capacity", "/account", "/welcome"]),
        ]:
            visitor = Visitor(weir, name, login, language)
            crawl = Crawl(visitor, document)
            crawl.run(*starts)
            wrong_addresses(visitor, made, crawl.faults.append)
            print(f"  {name}: {crawl.pages} pages, {crawl.asked} questions, {len(crawl.faults)} faults", flush=True)
            faults += crawl.faults
        if faults:
            raise SystemExit("FAILED:\n" + "\n".join(faults))
        print(f"  no dead link, no raw JSON ({time.monotonic() - begun:.0f} s)")


def prepare(folder):
    """A flavor that the machine has room for, and nobody now: what takes it waits."""
    file, cores = folder / "weir.yaml", 16 * os.cpu_count() - 1
    text = file.read_text().rstrip("\n")
    text += f'\n  - {{ name: huge, cpu: {cores}, memory: 1GiB, scratch: 64MiB, price_per_hour: "1" }}\n'
    if "--pages" in sys.argv:
        text += f"console: {{ folder: {sys.argv[sys.argv.index('--pages') + 1]} }}\n"
    file.write_text(text)


if __name__ == "__main__":
    main()
