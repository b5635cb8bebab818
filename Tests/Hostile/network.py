"""What a tenant's program reaches by the network (hostile A1): the internet and its own workspace, and nothing of the host or of others."""

import base64
import json
import socket
import subprocess
import threading
import time
import urllib.request
import zlib

from hostile_common import IMAGE, as_nobody, check, entered, tenants

# Prints where it got through to: a connection that was taken, or an answer to a datagram.
PROBE = """
import base64, concurrent.futures, json, socket, sys, zlib
targets = json.loads(zlib.decompress(base64.b64decode(sys.stdin.read())))
def attempt(target):
    kind, host, port = target
    try:
        if kind == "tcp":
            socket.create_connection((host, port), timeout=3).close()
            return target
        place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(place[0], socket.SOCK_DGRAM) as line:
            line.settimeout(3)
            line.sendto(b"\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x07example\\x03com\\x00\\x00\\x01\\x00\\x01", place[4])
            line.recvfrom(512)
            return target
    except OSError:
        return None
with concurrent.futures.ThreadPoolExecutor(24) as pool:
    print("reached", json.dumps([t for t in pool.map(attempt, targets) if t]), flush=True)
names = {}
for name in sys.argv[1:]:
    try:
        names[name] = socket.gethostbyname(name)
    except OSError:
        pass
print("named", json.dumps(names), flush=True)
print("own", json.dumps(socket.gethostbyname(socket.gethostname())), flush=True)
"""

NEIGHBOUR = "\n".join([
    "import socket, threading, time", "print('at', socket.gethostbyname(socket.gethostname()), socket.gethostname(), flush=True)",
    "s = socket.create_server(('0.0.0.0', 9999), backlog=50)", "s.settimeout(60)", "came = 0", "end = time.time() + 60",
    "while time.time() < end:", "    s.accept()[0].close()", "    came += 1", "    print('came', came, flush=True)"])


class Ears:
    """Listeners of this machine on every address, by TCP and UDP."""

    def __init__(self):
        self.came = []
        self.tcp = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True, backlog=200)
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.udp.bind(("::", self.port))
        threading.Thread(target=self.take, daemon=True).start()
        threading.Thread(target=self.hear, daemon=True).start()

    def take(self):
        while True:
            connection, place = self.tcp.accept()
            self.came.append(place)
            connection.close()

    def hear(self):
        while True:
            data, place = self.udp.recvfrom(512)
            self.came.append(place)
            self.udp.sendto(data, place)


def addresses():
    words = subprocess.run(["ip", "-o", "a"], capture_output=True, text=True).stdout.split()
    return sorted({word.split("/")[0] for word, before in zip(words[1:], words) if before in ("inet", "inet6")} - {"127.0.0.1", "::1"})


def neighbour(world):
    """A listener in a job of bob's workspace: its address and name."""
    project = world.project(world.bob, world.b)
    made = world.bob.call("POST", f"/api/v1/projects/{project}/jobs", {
        "name": "listen", "image": IMAGE, "flavor": "small", "command": f"python3 -c \"{NEIGHBOUR}\""})["id"]
    world.bob.wait(made, "running")
    deadline = time.monotonic() + 15
    while "at " not in (log := world.log(world.bob, made)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return made, log.split()[1], log.split()[2]


def tools(world):
    """A tool that asks for no secret: who may enter it comes by the gateway, and nobody else comes to it, colleague or user of this machine."""
    environment = world.environment(world.alice, world.project(world.alice, world.a, "desks"), "desk")
    name = f"environment-{environment[-8:]}-0"
    shared = world.environment(world.member, world.project(world.member, world.a, "curious"), "shared", access="shared")
    source = f"""
import socket, time
end = time.time() + 20
while time.time() < end:
    try:
        print('at', socket.gethostbyname({name!r}), flush=True)
        break
    except OSError:
        time.sleep(0.2)
for port in (8888, 9999):
    try:
        socket.create_connection(({name!r}, port), timeout=5).close()
        print('reached', port)
    except OSError as error:
        print('refused', port, error.errno)
"""
    run = world.shell(world.alice, environment)
    run("sh -c 'httpd -p 9999 -h /srv'")
    seen, log = world.python(world.member, world.project(world.member, world.a, "job"), source, name="curious")
    said = {"a job": log, "a shared environment": world.shell(world.member, shared)("python3 -", input=source.encode()).stdout.decode()}
    for what, text in said.items():
        check(f"{what} of a colleague does not reach a personal environment's tool", "refused 8888" in text, text)
        check("and reaches what its owner offers beside it", "reached 9999" in text, text)
    address = next(line.split()[1] for line in log.splitlines() if line.startswith("at "))
    connect = ["bash", "-c", f"exec 3<>/dev/tcp/{address}/8888"]
    check("Weir's own user reaches it", subprocess.run(connect).returncode == 0)
    check("no other user of this machine does", as_nobody(*connect).returncode != 0)
    place, cookie = entered(world.alice.call("POST", f"/api/v1/workloads/{environment}/enter", {"tool": "desk"})["url"])
    with urllib.request.urlopen(urllib.request.Request(place, headers={"Cookie": cookie}), timeout=20) as answer:
        check("and it opens through the gateway", b"a desk" in answer.read())


def main():
    ears = Ears()
    with tenants() as world:
        made, theirs, name = neighbour(world)
        weir = world.weir
        gateway = int(weir.gateway.rpartition(":")[2])
        api = int(weir.url.rpartition(":")[2])
        own = addresses()
        bridges = [a for a in own if a.startswith("10.89.")]
        targets = [["tcp", a, port] for a in own + ["127.0.0.1", "::1", "host.containers.internal"] for port in (ears.port, api, gateway, weir.ssh_port)]
        targets += [["udp", a, port] for a in own for port in (ears.port, 111)]
        targets += [["tcp", theirs, 9999], ["udp", theirs, 9999], ["tcp", theirs, 22]]
        # Where clouds tell credentials, and private networks whatever is in them; nothing is sent to a stranger.
        targets += [["tcp", a, port] for a in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254", "192.168.0.1", "10.0.0.1", "172.16.0.1")
                    for port in (80, 443)]
        # A machine may have more addresses than a command has room for.
        sent = base64.b64encode(zlib.compress(json.dumps(targets).encode())).decode()
        project = world.project(world.alice, world.a)
        command = f"cat > /tmp/probe.py <<'END'\n{PROBE}\nEND\necho '{sent}' | python3 /tmp/probe.py {name} listen {world.b} host.containers.internal\n"
        seen, log = world.job(world.alice, project, command, name="probe", seconds=90)
        check(f"a job tries {len(targets)} places", seen["state"] == "completed", (seen, log))
        said = {line.split(" ", 1)[0]: json.loads(line.split(" ", 1)[1]) for line in log.splitlines() if line.startswith(("reached", "named", "own"))}
        # The resolver of its own network is the one thing of the host that it may ask.
        gateways = {a for a in bridges if a.rsplit(".", 1)[0] == said["own"].rsplit(".", 1)[0]}
        strange = [t for t in said["reached"] if not (t[0] == "udp" and t[1] in gateways and t[2] == 53)]
        check("and reaches none: not this machine, its doors, another tenant, a private network, a cloud's credentials", not strange, strange)
        check("nothing came to this machine", not ears.came, ears.came)
        check("other tenants have no names", name not in said["named"] and world.b not in said["named"], said["named"])
        check("and saw nobody", "came" not in world.log(world.bob, made), world.log(world.bob, made))
        world.bob.call("POST", f"/api/v1/workloads/{made}/stop")
        seen, log = world.python(
            world.alice, project,
            "import socket\nfor family, kind, proto in ((socket.AF_PACKET, socket.SOCK_RAW, 0), (socket.AF_INET, socket.SOCK_RAW, 1), (socket.AF_NETLINK, socket.SOCK_RAW, 12)):\n"
            "    try:\n        socket.socket(family, kind, proto).bind(('eth0', 3)) if family == socket.AF_PACKET else socket.socket(family, kind, proto)\n"
            "        print('raw', family, proto)\n    except OSError as e: print('no', family)\n", name="raw")
        check("no packets are made by hand",
              seen["state"] == "completed" and log.count("no ") >= 2 and "raw" not in log.replace("raw 16 12", ""), (seen, log))
        tools(world)
    print("network: all held")


if __name__ == "__main__":
    main()
