"""Websockets through a service's port (C5): the gateway carries them byte for byte, and nothing else is smuggled beside them."""

import base64
import contextlib
import os
import socket
import struct
import time
import urllib.parse

from hostile_common import IMAGE, check, tenants, until

# A server of frames without any library: echoes what it is sent, byte for byte, once the upgrade is done; `/plain` refuses the upgrade.
SERVER = r"""
import base64, hashlib, socket, threading
def serve(connection):
    with connection:
        while True:
            head = b""
            while b"\r\n\r\n" not in head:
                part = connection.recv(65536)
                if not part: return
                head += part
            head, _, rest = head.partition(b"\r\n\r\n")
            path = head.split()[1].decode()
            fields = {l.split(b":", 1)[0].lower(): l.split(b":", 1)[1].strip() for l in head.split(b"\r\n")[1:]}
            if path == "/unasked":
                connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
                return
            if b"sec-websocket-key" not in fields or path == "/plain":
                body = (path + "|" + ",".join(sorted(k.decode() for k in fields))).encode()
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                if rest: return
                continue
            accept = base64.b64encode(hashlib.sha1(fields[b"sec-websocket-key"] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n" + rest)
            while True:
                part = connection.recv(1 << 20)
                if not part: return
                connection.sendall(part)
listener = socket.socket(); listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("0.0.0.0", 8000)); listener.listen(512); print("listens", flush=True)
while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


def service(world):
    project = world.project(world.alice, world.a)
    version = world.alice.call("GET", f"/api/v1/workspaces/{world.a}/commitments/port")["text_version"]
    world.alice.call("POST", f"/api/v1/workspaces/{world.a}/commitments/port", {"text_version": version})
    made = world.alice.call("POST", f"/api/v1/projects/{project}/services", {
        "name": "echo", "image": IMAGE, "flavor": "small", "port": 8000, "command": f"python3 - <<'END'\n{SERVER}\nEND"})["id"]
    seen = world.alice.wait(made, "running")
    return made, seen["port"]["number"]


def connected(port, path="/ws", *fields, rest=b"", seconds=20):
    """A connection that asked for the upgrade, and what the answer's head was."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(os.urandom(16)).decode()
    head = [f"GET {path} HTTP/1.1", f"Host: localhost:{port}", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}", *fields]
    connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + rest)
    received = b""
    while b"\r\n\r\n" not in received and (part := connection.recv(65536)):
        received += part
    head, _, more = received.partition(b"\r\n\r\n")
    return connection, head.decode("latin-1"), more


def read(connection, count):
    received = b""
    while len(received) < count and (part := connection.recv(1 << 20)):
        received += part
    return received


def frame(payload=b"", opcode=1, fin=True, rsv=0, masked=True, length=None):
    size = len(payload) if length is None else length
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    mask = 0x80 if masked else 0
    if size < 126:
        head = struct.pack("!BB", first, mask | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, mask | 126, size)
    else:
        head = struct.pack("!BBQ", first, mask | 127, size)
    return head + (b"\1\2\3\4" if masked else b"") + payload


def transparent(port):
    """What breaks the protocol is the service's business: the tunnel changes no byte of it."""
    shapes = {
        "text": frame(b"hello"), "a mask of nothing": frame(b"", 2), "no mask": frame(b"hello", masked=False), "reserved bits": frame(b"x", rsv=7),
        "an unknown opcode": frame(b"x", opcode=11), "a fragment without a beginning": frame(b"x", opcode=0), "a long ping": frame(b"p" * 4000, opcode=9),
        "a cut ping": frame(b"p", opcode=9, fin=False), "no UTF-8": frame(b"\xff\xfe", 1), "a close without a code": frame(b"\x03", opcode=8),
        "2^63 bytes that never come": frame(b"x", 2, length=(1 << 63) - 1), "three megabytes": frame(os.urandom(3 << 20), 2), "no frames at all": os.urandom(70_000),
        "another request": b"GET /plain HTTP/1.1\r\nHost: x\r\n\r\n",
    }
    for name, sent in shapes.items():
        connection, head, more = connected(port)
        with contextlib.closing(connection):
            check(f"the upgrade is carried ({name})", head.startswith("HTTP/1.1 101 "), head)
            for start in range(0, len(sent), 1 << 18):
                connection.sendall(sent[start:start + (1 << 18)])
                back = more + read(connection, len(sent[start:start + (1 << 18)]) - len(more))
                more = b""
                if back != sent[start:start + (1 << 18)]:
                    break
            check(f"{name}: the same bytes come back", back == sent[start:start + (1 << 18)], (len(back), len(sent)))
    connection, head, more = connected(port, rest=frame(b"eager"))
    with contextlib.closing(connection):
        check("what is sent before the answer is not lost", head.startswith("HTTP/1.1 101 ") and more + read(connection, 11 - len(more)) == frame(b"eager"))


def smuggled(port, counted):
    hidden = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
    connection, head, more = connected(port, "/plain", rest=hidden)
    with contextlib.closing(connection):
        answers = head + more.decode("latin-1")
        connection.settimeout(2)
        with contextlib.suppress(OSError):
            while part := connection.recv(65536):
                answers += part.decode("latin-1")
        check("a refused upgrade is a request like others, and what follows is one of its own", "101" not in head and answers.count("HTTP/1.1 ") <= 2 and
              "/hidden|" not in answers.split("HTTP/1.1 ")[1], answers)
    for path, fields in (("/unasked", []),):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            plain.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() + hidden)
            said = plain.recv(65536)
            check("a service that changes the protocol without being asked is refused", said.startswith(b"HTTP/1.1 502 "), said[:80])
    for upgrade in ("h2c", "websocket, h2c", "tls/1.0"):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            plain.sendall(f"GET /fields HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {upgrade}\r\nHTTP2-Settings: AAMAAABk\r\n"
                          "Connection: close\r\n\r\n".encode())
            said = plain.recv(65536).decode("latin-1")
            check(f"no other protocol is asked for ({upgrade})", said.startswith(("HTTP/1.1 200 ", "HTTP/1.1 400 ")) and "http2-settings" not in said, said)
    for method, fields in (("POST", "Content-Length: 5\r\n"), ("GET", "Content-Length: 5\r\n"), ("GET", "Transfer-Encoding: chunked\r\n")):
        before = counted()
        with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
            plain.sendall((f"{method} /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                           f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n{fields}\r\n").encode() + b"abcde" + hidden)
            said = b""
            with contextlib.suppress(OSError):
                while part := plain.recv(65536):
                    said += part
            # What follows the body is a request like others where the gateway has counted it as one.
            check(f"an upgrade with a body hides no request ({method}, {fields.strip()})",
                  b"/hidden|" not in said or counted() - before == 2, (counted() - before, said[:300]))


def many(port):
    held = [connected(port)[0] for _ in range(200)]
    begun = time.monotonic()
    connection, head, _ = connected(port)
    check("beside 200 that are silent, another is served at once", head.startswith("HTTP/1.1 101 ") and time.monotonic() - begun < 10)
    for one in held[::20]:
        one.sendall(frame(b"still here"))
        check("and those that were silent go on", read(one, 16) == frame(b"still here"))
    for one in held:
        one.close()
    return connection


def main():
    with tenants() as world:
        made, port = service(world)
        check("the service answers", until(lambda: "101" in try_upgrade(port), 30))
        transparent(port)
        smuggled(port, lambda: world.alice.call("GET", f"/api/v1/workloads/{made}")["port"]["requests"])
        left = many(port)
        world.alice.call("POST", f"/api/v1/workloads/{made}/stop")
        left.settimeout(30)
        check("a tunnel ends with its service", ended(left))
        check("and nothing is left of the server's sockets", until(lambda: try_upgrade(port) == "", 30))
    print("sockets: all held")


def try_upgrade(port):
    try:
        connection, head, _ = connected(port, seconds=5)
        connection.close()
        return head
    except OSError:
        return ""


def ended(connection):
    try:
        return connection.recv(4096) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


if __name__ == "__main__":
    main()
