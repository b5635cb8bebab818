"""Removes the containers and networks of one installation: `sweep.py SOCKET DATA-FOLDER`. Touches nothing else."""

import glob
import http.client
import json
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
    for path in glob.glob(folder + "/**/*.db", recursive=True) + glob.glob(folder + "/**/*.sqlite", recursive=True):
        try:
            database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            row = database.execute("SELECT value FROM setting WHERE key = 'installation.id'").fetchone()
            if row:
                return row[0]
        except sqlite3.Error:
            continue
    return None


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
