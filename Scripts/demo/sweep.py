"""Removes the containers and networks of one installation: `sweep.py SOCKET DATA-FOLDER`. Touches nothing else."""

import http.client
import json
import os
import socket
import sqlite3
import sys
import urllib.parse


class Podman(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("podman", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)

    def call(self, method, path):
        self.request(method, "/v4.0.0/libpod" + path)
        answer = self.getresponse()
        text = answer.read()
        return json.loads(text) if answer.status < 300 and text.strip() else None


def installation(folder):
    """None where there is no database. Never looked for: what else lies in the folder is the tenants', as many and as deep as they like."""
    path = os.path.join(folder, "weir.sqlite")
    if not os.path.isfile(path):
        return None
    database = sqlite3.connect(f"file:{urllib.parse.quote(path)}?mode=ro", uri=True)
    try:
        row = database.execute("SELECT value FROM setting WHERE key = 'installation.id'").fetchone()
    except sqlite3.Error:
        return None
    finally:
        database.close()
    return row[0] if row else None


def main():
    podman, own = Podman(sys.argv[1]), installation(sys.argv[2])
    if own is None:
        return
    chosen = urllib.parse.quote(json.dumps({"label": [f"weir.installation={own}"]}))
    removed = 0
    for container in podman.call("GET", f"/containers/json?all=true&filters={chosen}") or []:
        podman.call("DELETE", f"/containers/{container['Id']}?force=true&timeout=2")
        removed += 1
    for network in podman.call("GET", f"/networks/json?filters={chosen}") or []:
        podman.call("DELETE", f"/networks/{network['name']}?force=true")
    if removed:
        print(f"Removed {removed} containers that were left over.")


if __name__ == "__main__":
    main()
