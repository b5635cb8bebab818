"""The listeners under TLS: protocols, hosts, cookies, redirects, websockets and clients that never shake hands (hostile, "not done")."""

import contextlib
import http.client
import json
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

import websocket
from hostile_common import check, tenants, until
from running_weir import PASSWORD

# The suites' own client trusts whoever it meets on this machine; what is tried here does not depend on whom a client trusts.
ssl._create_default_https_context = ssl._create_unverified_context
TRUSTING = ssl._create_unverified_context()


def configure(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"], check=True, capture_output=True)
    tls = f"tls: {{ certificate: {folder}/certificate.pem, key: {folder}/key.pem }},"
    text = (folder / "weir.yaml").read_text()
    text = text.replace("api: {", f"api: {{ {tls}", 1).replace("gateway: {", f"gateway: {{ {tls}", 1)
    (folder / "weir.yaml").write_text(text)


def at(url):
    place = urllib.parse.urlsplit(url)
    return place.hostname, place.port


def ask(url, line, *fields, host="localhost", body=b"", context=None):
    """The status, the header's lines and the body of a raw request by TLS."""
    head = [line + " HTTP/1.1", *([f"Host: {host}"] if host is not None else []), *fields, "Connection: close"]
    received = b""
    with socket.create_connection(at(url), timeout=20) as plain, (context or TRUSTING).wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)
        with contextlib.suppress(OSError):
            while part := connection.recv(65536):
                received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    return (int(lines[0].split()[1]) if lines[0].startswith("HTTP/") else None), lines[1:], body


def protocols(world):
    for name, url in (("API", world.weir.url), ("gateway", world.weir.gateway)):
        said = b""
        with socket.create_connection(at(url), timeout=20) as plain, contextlib.suppress(OSError):
            plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            said = plain.recv(4096)
        check(f"the {name} answers nothing without TLS", not said.startswith(b"HTTP/"), said[:80])
        for version, good in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
            context = ssl._create_unverified_context()
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
            try:
                spoken = ask(url, "GET /healthz", context=context)[0] is not None
            except (ssl.SSLError, OSError):
                spoken = False
            check(f"the {name} speaks {version.name}: {good}", spoken == good, spoken)


def hosts(world):
    for host in ("localhost", "127.0.0.1:1", "[::1]"):
        check(f"the API is reached as {host}", ask(world.weir.url, "GET /api/v1/system", host=host)[0] == 200)
    for host in (None, "", "evil/../x", "a@localhost", "localhost:x"):
        check(f"and not without a good host ({host!r})", ask(world.weir.url, "GET /api/v1/system", host=host)[0] == 400)
        check(f"nor is the gateway ({host!r})", ask(world.weir.gateway, "GET /", host=host)[0] == 400)
    check("nor with a stranger's name", ask(world.weir.url, "GET /login", host="evil.example")[0] == 421)
    check("nor with two", ask(world.weir.url, "GET /login", "Host: localhost")[0] == 400)
    context = ssl._create_unverified_context()
    with socket.create_connection(at(world.weir.url), timeout=20) as plain, context.wrap_socket(plain, server_hostname="evil.example") as connection:
        connection.sendall(b"GET /api/v1/system HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        check("the name in the handshake opens nothing that the host does not", connection.recv(4096).split()[1] in (b"200", b"421"))


def cookies(world):
    body = json.dumps({"login": "alice", "password": PASSWORD}).encode()
    world.alice
    status, lines, _ = ask(
        world.weir.url, "POST /api/v1/sessions", "Content-Type: application/json", f"Content-Length: {len(body)}",
        f"Origin: https://localhost", "X-Weir-Session: cookie", body=body)
    given = [line for line in lines if line.lower().startswith("set-cookie:")]
    check("a login is answered", status == 201, (status, lines))
    for line in given:
        check("its cookie is for TLS alone, for this host alone, and seen by no script",
              "; Secure" in line and "; HttpOnly" in line and "__Host-" in line and "SameSite=Strict" in line, line)
    status, lines, _ = ask(world.weir.url, "GET /", "Cookie: weir_session=" + world.alice.token)
    check("a session's secret under the name that needs no TLS opens nothing", status in (302, 303, 307), status)
    for line in lines:
        if line.lower().startswith("location:"):
            check("who is led to the login stays with TLS", "http://" not in line, line)


def tools(world):
    project = world.project(world.alice, world.a)
    environment = world.environment(world.alice, project, "desk")
    entry = world.alice.call("POST", f"/api/v1/workloads/{environment}/enter", {"tool": "terminal"})["url"]
    check("an entry address leads to TLS", entry.startswith("https://"), entry)
    place = urllib.parse.urlsplit(entry)
    status, lines, _ = ask(world.weir.gateway, f"GET {place.path}?{place.query}", host=place.netloc)
    location = next(line for line in lines if line.lower().startswith("location:")).split(": ", 1)[1]
    cookie = next(line for line in lines if line.lower().startswith("set-cookie:")).split(": ", 1)[1]
    check("the cookie of a tool is for TLS alone", status in (302, 303) and "; Secure" in cookie and "; HttpOnly" in cookie, cookie)
    check("and leads nowhere else", location.startswith("/i/") or location.startswith("https://" + place.netloc), location)
    shell = urllib.parse.urljoin(entry, location)
    pair = cookie.split(";")[0]
    options = dict(cookie=pair, timeout=20, sslopt={"cert_reqs": ssl.CERT_NONE, "check_hostname": False})
    socket_address = shell.replace("https", "wss", 1) + "ws?name=main"
    tunnel = websocket.create_connection(socket_address, origin=world.weir.gateway, **options)
    tunnel.settimeout(2)
    said = b""
    deadline = time.monotonic() + 20
    while b"42" not in said and time.monotonic() < deadline:
        # What is typed before the shell asks is thrown away.
        if b"#" in said:
            tunnel.send_binary(b"echo $((6*7))\r")
        with contextlib.suppress(websocket.WebSocketTimeoutException):
            received = tunnel.recv()
            said += received if isinstance(received, bytes) else received.encode()
    check("a terminal works by TLS", b"42" in said, said[-200:])
    for origin in ("http://" + place.netloc, "https://evil.example", "null"):
        refused = None
        try:
            websocket.create_connection(socket_address, origin=origin, **options).close()
        except websocket.WebSocketBadStatusException as bad:
            refused = bad.status_code
        check(f"and not from a page of {origin}", refused == 403, refused)
    tunnel.close()


STARTS = (b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"\x16\x03\x01\xff\xff", b"\x80\x2e\x01\x00\x02")


def silent(world, said):
    """Clients that connect and never begin, or never end, the handshake."""
    held = []
    for url in (world.weir.url, world.weir.gateway):
        for start in STARTS:
            connection = socket.create_connection(at(url), timeout=100)
            connection.sendall(start)
            held.append((url, start, connection, time.monotonic()))
    for url, start, connection, begun in held:
        try:
            while connection.recv(4096):
                pass
            how = "closed"
        except TimeoutError:
            how = "still open"
        except OSError:
            how = "closed"
        connection.close()
        said.append((url == world.weir.url, start[:3], how, round(time.monotonic() - begun)))


def main():
    with tenants(before=configure, scheme="https") as world:
        said = []
        waiting = threading.Thread(target=silent, args=(world, said), daemon=True)
        waiting.start()
        protocols(world)
        hosts(world)
        cookies(world)
        tools(world)
        begun = time.monotonic()
        connection = http.client.HTTPSConnection(*at(world.weir.url), context=TRUSTING, timeout=20)
        connection.request("GET", "/healthz")
        check("while others never shake hands, one is served at once", connection.getresponse().status == 200 and time.monotonic() - begun < 10)
        waiting.join(130)
        check("who never shakes hands is put out",
              not waiting.is_alive() and len(said) == 2 * len(STARTS) and all(how == "closed" for _, _, how, _ in said), said)
    print("tls: all held")


if __name__ == "__main__":
    main()
