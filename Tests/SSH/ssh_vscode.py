"""What VS Code's Remote-SSH does with a host, without what it downloads."""

import concurrent.futures
import os
import re
import socket
import struct
import subprocess

from ssh_common import check

# The shape of the extension's own script: it comes on standard input, looks at the host, starts a server that outlives the session, and
# says between marks where that listens. The server here answers as the real one begins: by an upgrade to a websocket.
BOOTSTRAP = r"""
echo "5a3c1e: running"
DATA="$HOME/.vscode-server"; COMMIT=0123456789abcdef; LOG="$DATA/.$COMMIT.log"; PIDS="$DATA/.$COMMIT.pid"
[ "$(id -u)" = 0 ] || exit 30
case "$(uname -s)" in Linux) ;; *) exit 31 ;; esac
for tool in tar sed grep; do command -v $tool >/dev/null || exit 32; done
umask 077; mkdir -p "$DATA/bin/$COMMIT" || exit 33
if [ -f "$PIDS" ] && kill -0 "$(cat "$PIDS")" 2>/dev/null; then FOUND=1; else
    FOUND=0
    cat > "$DATA/bin/$COMMIT/server" <<'END'
import base64, hashlib, http.server, os
class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_GET(self):
        key = (self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()
        self.send_response(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"),
                            ("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key).digest()).decode())):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        while part := self.rfile.read1(65536):
            self.wfile.write(part)
        self.close_connection = True
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
print(f"Extension host agent listening on {server.server_port}", flush=True)
server.serve_forever()
END
    setsid nohup python3 "$DATA/bin/$COMMIT/server" > "$LOG" 2>&1 < /dev/null &
    echo $! > "$PIDS"
fi
for i in $(seq 100); do
    PORT="$(sed -n 's/.*listening on \([0-9]*\)$/\1/p' "$LOG")"
    [ -z "$PORT" ] || break
    sleep 0.1
done
printf '5a3c1e: start\n'
printf 'exitCode==0==\nlisteningOn==%s==\nosReleaseId==%s==\narch==%s==\nplatform==linux==\nfound==%s==\npid==%s==\n' \
    "$PORT" "$(sed -n 's/^ID=//p' /etc/os-release)" "$(uname -m)" "$FOUND" "$(cat "$PIDS")"
printf '5a3c1e: end\n'
"""


class Window:
    """One window of the editor: a connection that forwards, on which the script runs and which stays."""

    def __init__(self, client, user):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            ["ssh", "-T", "-D", f"127.0.0.1:{self.port}", *client.options("-o", "ServerAliveInterval=5"), "-p", str(client.weir.ssh_port),
             f"{user}@127.0.0.1", "bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        # Standard input stays open: the script's end is no end of the session.
        self.process.stdin.write(BOOTSTRAP.encode())
        self.process.stdin.flush()
        self.said = {}
        while (line := self.process.stdout.readline()) and line != b"5a3c1e: end\n":
            if found := re.fullmatch(rb"(\w+)==(.*)==\n", line):
                self.said[found[1].decode()] = found[2].decode()

    def connect(self, port):
        """To a port of the environment through the window's SOCKS, and a websocket on it."""
        line = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        line.sendall(b"\x05\x01\x00")
        if line.recv(2) != b"\x05\x00":
            raise SystemExit("FAILED: no SOCKS")
        line.sendall(b"\x05\x01\x00\x01\x7f\x00\x00\x01" + struct.pack(">H", port))
        # OpenSSH's client closes when the other side refuses.
        if line.recv(10)[1:2] != b"\0":
            line.close()
            raise ConnectionRefusedError(port)
        line.sendall(b"GET /?reconnectionToken=x&skipWebSocketFrames=true HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                     b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        head = b""
        while b"\r\n\r\n" not in head:
            if not (part := line.recv(1)):
                break
            head += part
        return line, head

    def talk(self, port, size):
        """Whether what is sent comes back as it was."""
        line, head = self.connect(port)
        sent, seen = os.urandom(size), b""
        with concurrent.futures.ThreadPoolExecutor(1) as other, line:
            sending = other.submit(line.sendall, sent)
            while len(seen) < size and (part := line.recv(1 << 16)):
                seen += part
            sending.result()
        return b"101" in head and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head and seen == sent

    def close(self):
        self.process.kill()
        self.process.wait()


def vscode(client, user):
    """The bootstrap on standard input, a forwarded server that stays, further windows, and coming back."""
    answer = client.ssh(user, "echo ready; uname -rsv", options=["-o", "RemoteCommand=none"])
    check("the probe before it", answer.stdout.startswith(b"ready\nLinux "), answer)
    first = Window(client, user)
    check("the script on standard input of bash runs to its end", first.said.get("exitCode") == "0" and first.said.get("found") == "0"
          and first.said["listeningOn"].isdigit(), (first.said, first.process.poll()))
    port = int(first.said["listeningOn"])
    check("and the session stays", first.process.poll() is None)
    check("the server that it started is reached by -D, with a websocket", first.talk(port, 1 << 20))
    with concurrent.futures.ThreadPoolExecutor(8) as all_:
        check("the editor's many connections at once", all(all_.map(lambda size: first.talk(port, size), [1, 100, 1 << 16, 3 << 20] * 2)))
    try:
        first.connect(1)[0].close()
        check("a port on which nobody listens is told", False)
    except ConnectionRefusedError:
        check("a port on which nobody listens is told", True)
    second = Window(client, user)
    check("a second window finds the server", second.said.get("found") == "1" and second.said["listeningOn"] == str(port), second.said)
    check("and uses it", second.talk(port, 1 << 16))
    line, _ = first.connect(port)
    first.close()
    try:
        rest = line.recv(1)
    except ConnectionResetError:
        rest = b""
    check("a window that is closed ends its connections", rest == b"")
    check("and not those of others", second.talk(port, 1 << 16))
    second.close()
    third = Window(client, user)
    check("the server outlives all windows", third.said.get("found") == "1" and third.talk(int(third.said["listeningOn"]), 1 << 16), third.said)
    client.ssh(user, f"kill {third.said['pid']}; rm -rf /root/.vscode-server")
    third.close()
