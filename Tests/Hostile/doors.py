"""The doors: logging in and out, entry addresses, other sites' pages, hosts, parameters, streams and slow clients (hostile 11, C1, C2, C4, F)."""

import concurrent.futures
import contextlib
import json
import socket
import time
import urllib.parse

import websocket
from hostile_common import check, entered, exchange, outcome, response, tenants, until
from running_weir import PASSWORD, Person


def configure(folder):
    text = (folder / "weir.yaml").read_text()
    (folder / "weir.yaml").write_text(text.replace('api: {', 'api: { names: "weir.lab.example", trusted_proxies: "127.0.0.1/32",', 1))


def at(world):
    return world.weir.url.removeprefix("http://")


def ask(address, line, *fields, host="localhost", body=b""):
    """The status of a raw request."""
    head = [line + " HTTP/1.1", *([f"Host: {host}"] if host is not None else []), *fields, "Connection: close"]
    return response(exchange(address, "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body))[0]


def log_in(world, login, password, *fields):
    body = json.dumps({"login": login, "password": password}).encode()
    sent = exchange(
        at(world), "\r\n".join([
            "POST /api/v1/sessions HTTP/1.1", "Host: localhost", "Content-Type: application/json", f"Content-Length: {len(body)}", *fields,
            "Connection: close"]).encode() + b"\r\n\r\n" + body, seconds=20)
    status, _, answer = response(sent)
    if b"{" in answer:
        answer = answer[answer.index(b"{"):answer.rindex(b"}") + 1]
    return status, json.loads(answer or b"{}")


def locks(world):
    """A stranger keeps nobody out (audit-c SSH-05, hostile 11)."""
    world.alice
    stranger, home = "X-Forwarded-For: 203.0.113.5", "X-Forwarded-For: 198.51.100.5"
    for login in ("alice", "operator", "nobody-at-all"):
        wrong = [log_in(world, login, "not the password", stranger) for _ in range(5)]
        check(f"five wrong passwords of {login}", {w[0] for w in wrong} == {401}, wrong)
        status, answer = log_in(world, login, PASSWORD, stranger)
        check("lock for where they came from, whether there is such a person or not", status == 423, answer)
    for login in ("alice", "operator"):
        check(f"{login} logs in from elsewhere all the same", log_in(world, login, PASSWORD, home)[0] == 201)
    check("what a client says of itself does not open the lock", log_in(world, "alice", PASSWORD, "X-Forwarded-For: 198.51.100.5, 203.0.113.5")[0] == 423)
    for fields in (["Origin: https://evil.example"], ["Origin: null"], ["Sec-Fetch-Site: cross-site"], ["Sec-Fetch-Site: same-site"],
                   [f"Origin: {world.weir.gateway}"]):
        status, answer = log_in(world, "alice", PASSWORD, home, *fields)
        check(f"no login from another site's page ({fields[0]})", status == 403 and answer["error"]["code"] == "cross_site_request", answer)


def page(cookie, address, method="GET", *fields):
    """The status of a request to a tool, with the cookie."""
    place = urllib.parse.urlsplit(address)
    return ask(place.netloc, f"{method} {place.path}", f"Cookie: {cookie}", *fields, host=place.netloc)


def tools(world):
    """Entry addresses and cookies (C1): good once, for one tool, as long as the login and the membership."""
    project = world.project(world.alice, world.a)
    environment = world.environment(world.alice, project, "desk")
    enter = lambda person, tool=None: person.call("POST", f"/api/v1/workloads/{environment}/enter", {"tool": tool} if tool else {})["url"]
    once = enter(world.alice)
    address, cookie = entered(once)
    until(lambda: page(cookie, address) not in (502, 503))
    check("an entry address leads in", page(cookie, address) in (200, 404), page(cookie, address))
    place = urllib.parse.urlsplit(once)
    target = place.path + "?" + place.query
    check("once", ask(place.netloc, "GET " + target, host=place.netloc) == 401)
    fresh = urllib.parse.urlsplit(enter(world.alice)).query
    token = fresh.removeprefix("token=")
    payload, _, signature = token.partition(".")
    forged = [payload, payload + ".", "." + signature, payload + "." + signature[:-2] + "AA", payload.swapcase() + "." + signature, signature + "." + payload,
              token + ".x", "", "a.b", "%00", cookie.partition("=")[2]]
    for attempt in forged:
        check(f"a token that was tampered with is none ({attempt[:12]})", ask(place.netloc, f"GET /enter?token={attempt}", host=place.netloc) == 401)
    terminal = address.replace("/desk/", "/terminal/")
    other = address.replace(environment, "wld_" + "0" * 26)
    check("nor a cookie for another tool, workload, or as a token", {page(cookie, terminal), page(cookie, other), page(f"weir_tool={token}", address)} == {401})
    for path in ("/i/", f"/i/{environment}", f"/i/{environment}/../{environment}/desk/", f"/I/{environment}/desk/", "//", f"/i//{environment}/desk/",
                 f"/i/{environment}%2fdesk/", f"/i/{environment}/desk%2f", "/enter", "/enter?token", "/metrics", "/api/v1/system", "/admin", "/healthz"):
        status = ask(place.netloc, f"GET {path}", host=place.netloc)
        check(f"{path} leads nowhere", status in (303, 400, 401, 404), status)
    for host in ("evil/../x", "a@b", "a,b", "", "a?b", "a#b", "a\\b"):
        check(f"the gateway takes no host {host!r} (hostile 11)", ask(place.netloc, "GET /", host=host) == 400)
    for fields in (("Origin: http://evil.example",), (f"Origin: {world.weir.url}",), ("Origin: null",)):
        check(f"another origin's page makes a tool do nothing ({fields[0]})", page(cookie, address, "POST", *fields, "Content-Length: 0") == 403)
    kept = Person(world.weir, log_in(world, "alice", PASSWORD)[1]["secret"])
    leaving = Person(world.weir, log_in(world, "alice", PASSWORD)[1]["secret"])
    unspent = enter(leaving)
    (_, stays), (_, goes) = entered(enter(kept)), entered(enter(leaving))
    check("two logins have a cookie each", page(stays, address) == page(goes, address) == page(cookie, address))
    shell, opened = entered(enter(leaving, "terminal"))
    tunnel = websocket.create_connection(shell.replace("http", "ws", 1) + "ws?name=main", cookie=opened, origin=world.weir.gateway, timeout=20)
    leaving.call("DELETE", "/api/v1/sessions")
    check("a logout ends the tools' cookie of that login (hostile 11)", page(goes, address) == 401 and page(opened, shell) == 401)
    place = urllib.parse.urlsplit(unspent)
    check("and the entry addresses", ask(place.netloc, f"GET {place.path}?{place.query}", host=place.netloc) == 401)
    check("and what is open", until(lambda: closed(tunnel)))
    check("and nothing of another login", page(stays, address) in (200, 404))
    made = world.alice.call("POST", "/api/v1/tokens", {"name": "program"})
    program = Person(world.weir, made["secret"])
    _, ticket = entered(enter(program))
    check("what a program entered", page(ticket, address) in (200, 404))
    world.alice.call("DELETE", f"/api/v1/tokens/{made['token']['id']}")
    check("ends with its token", page(ticket, address) == 401)
    world.weir.process.terminate()
    world.weir.process.wait()
    world.weir.start()
    until(lambda: page(stays, address) not in (502, 503, 404))
    check("a restart keeps a login's cookie, and brings no ended one back", page(stays, address) != 401 and page(goes, address) == 401,
          (page(stays, address), page(goes, address)))
    world.operator.call("POST", f"/api/v1/accounts/{kept.call('GET', '/api/v1/account')['account']['id']}/disable")
    check("a disabled account's cookies are good for nothing", page(stays, address) in (401, 404))


def closed(connection):
    connection.settimeout(0.2)
    try:
        return connection.recv() in ("", b"")
    except websocket.WebSocketTimeoutException:
        return False
    except (websocket.WebSocketException, OSError):
        return True


def hosts(world):
    """Which host a request is for (hostile 11): none, two, and names that lead here (DNS rebinding)."""
    system = "GET /api/v1/system"
    for host in ("localhost", "127.0.0.1:1", "[::1]", "192.0.2.77", "weir.lab.example", "WEIR.lab.example:443"):
        check(f"the API is reached as {host}", ask(at(world), system, host=host) == 200)
    for host in ("evil.example", "weir.lab.example.evil.example", "127.0.0.1.evil.example"):
        check(f"and not as {host}", ask(at(world), system, host=host) == 421 and ask(at(world), "GET /login", host=host) == 421)
    for host in (None, "", "evil/../x", "a@localhost", "localhost:x", "local host"):
        check(f"nor without a good host ({host!r})", ask(at(world), system, host=host) == 400)
    check("nor with two", ask(at(world), system, "Host: localhost") == 400)


def other_sites(world):
    """What another site's page can send with a session's cookie (C2): nothing that changes, and nothing that it may read."""
    cookie = f"Cookie: weir_session={world.alice.token}"
    body = b'{"name":"owned"}'
    length = f"Content-Length: {len(body)}"
    for fields in (("Content-Type: text/plain",), ("Content-Type: application/json",), ("Content-Type: application/json", "Origin: https://evil.example"),
                   ("Content-Type: application/json", "Origin: null"), ("Content-Type: application/json", f"Origin: {world.weir.gateway}"),
                   ("Content-Type: application/x-www-form-urlencoded", "Origin: https://evil.example")):
        check(f"a workspace is not made by {fields}", ask(at(world), "POST /api/v1/workspaces", cookie, length, *fields, body=body) in (403, 415))
    for path in ("/form/workspaces", "/form/sessions?_method=delete", "/choose/language/en"):
        status = ask(at(world), f"POST {path}", cookie, "Origin: https://evil.example", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 6",
                     body=b"name=x")
        check(f"nor by {path}", status == 403, status)
    for path in ("/api/v1/account", "/login", "/api/v1/system"):
        _, lines, _ = response(exchange(at(world), f"GET {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n{cookie}\r\nConnection: close\r\n\r\n".encode()))
        check(f"{path} allows no other origin to read it", not any(line.startswith("access-control-allow") for line in lines), lines)
    status = ask(at(world), "OPTIONS /api/v1/workspaces", "Origin: https://evil.example", "Access-Control-Request-Method: POST",
                 "Access-Control-Request-Headers: content-type, x-weir-request")
    check("nor answers what a browser asks beforehand", status != 200, status)
    for back in ("https://evil.example/", "//evil.example/", "/\\evil.example", "/%0d%0aX:1"):
        _, lines, _ = response(exchange(at(world), f"GET /login?next={urllib.parse.quote(back)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()))
        check(f"nobody is led to {back}", not any(line.startswith("location:") and "evil" in line for line in lines) and "x: 1" not in lines, lines)


def streams(world):
    """How many streams one account holds, and what the others notice (F)."""
    place = at(world).rpartition(":")
    held = []
    statuses = []
    for _ in range(80):
        connection = socket.create_connection((place[0], int(place[2])), timeout=10)
        connection.sendall(
            f"GET /api/v1/workspaces/{world.b}/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {world.bob.token}\r\n\r\n".encode())
        statuses.append(response(connection.recv(4096))[0])
        held.append(connection)
    check("one account has 64 streams, and is told at the next", statuses[:64] == [200] * 64 and set(statuses[64:]) == {429}, statuses)
    check("the others have theirs", ask(at(world), f"HEAD /api/v1/workspaces/{world.a}/events", f"Authorization: Bearer {world.operator_login()}") in (200, 404))
    for connection in held:
        connection.close()
    check("and a closed one makes room", until(lambda: outcome_of_stream(world) == 200))


def outcome_of_stream(world):
    return ask(at(world), f"HEAD /api/v1/workspaces/{world.b}/events", f"Authorization: Bearer {world.bob.token}")


def slow(world):
    """Two hundred clients that send a byte a second (C4)."""
    places = [at(world), world.weir.gateway.removeprefix("http://")]
    held = []
    for place in places:
        host, _, port = place.rpartition(":")
        for _ in range(100):
            connection = socket.create_connection((host, int(port)), timeout=10)
            connection.sendall(b"GET / HT")
            held.append(connection)
    worst = 0
    for byte in b"TP/1.1":
        for connection in held:
            with contextlib.suppress(OSError):
                connection.sendall(bytes([byte]))
        begun = time.monotonic()
        check("while 200 clients crawl, another is served", ask(at(world), "GET /healthz") == 200)
        worst = max(worst, time.monotonic() - begun)
        time.sleep(0.5)
    check("at once", worst < 2, worst)
    for connection in held:
        connection.close()


def main():
    with tenants(before=configure) as world:
        world.operator_login = lambda: world.operator.token
        hosts(world)
        other_sites(world)
        world.b
        streams(world)
        slow(world)
        tools(world)
        locks_world(world)
    print("doors: all held")


def locks_world(world):
    """Last, for it leaves locks behind; alice was disabled before."""
    account = next(a for a in world.operator.call("GET", "/api/v1/accounts")["items"] if a["login"] == "alice")["id"]
    world.operator.call("POST", f"/api/v1/accounts/{account}/enable")
    locks(world)


if __name__ == "__main__":
    main()
