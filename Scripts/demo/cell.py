"""Executes a notebook cell in an environment as JupyterLab does: through the gateway, over JupyterLab's own websocket.

    cell.py ENTRY_ADDRESS NOTEBOOK < cell

The entry address is what `weir env enter` prints. The notebook with the cell and what it printed is saved beside the code.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid

import websocket


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


class Jupyter:
    """A browser's view of JupyterLab: a cookie from the entry address, and paths below the tool's own."""

    def __init__(self, entry):
        try:
            answer = urllib.request.build_opener(NoRedirect).open(entry, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        if answer.status not in (301, 302, 303, 307):
            raise SystemExit(f"the entry address answered with {answer.status}")
        self.cookie = "; ".join(value.split(";")[0] for value in answer.headers.get_all("Set-Cookie") or [])
        place = urllib.parse.urlsplit(urllib.parse.urljoin(entry, answer.headers["Location"]))
        path = place.path.split("/jupyterlab/")[0] + "/jupyterlab/"
        self.base = f"{place.scheme}://{place.netloc}{path}"
        self.origin = f"{place.scheme}://{place.netloc}"

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.base + path, method=method)
        request.add_header("Cookie", self.cookie)
        request.add_header("Origin", self.origin)
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, data, timeout=30) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.status} {error.read()[:300]}") from None

    def run(self, kernel, code):
        """The texts that the code prints, and what it raised."""
        address = self.base.replace("http", "ws", 1) + f"api/kernels/{kernel}/channels"
        socket = websocket.create_connection(address, timeout=60, cookie=self.cookie, origin=self.origin)
        message = uuid.uuid4().hex
        header = {
            "msg_id": message, "session": uuid.uuid4().hex, "username": "demo", "msg_type": "execute_request",
            "version": "5.3", "date": "",
        }
        content = {
            "code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False,
            "stop_on_error": True,
        }
        socket.send(
            json.dumps(
                {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}
            )
        )
        texts, failure = [], None
        while True:
            answer = json.loads(socket.recv())
            if answer.get("parent_header", {}).get("msg_id") != message:
                continue
            kind, content = answer["header"]["msg_type"], answer["content"]
            if kind == "stream":
                texts.append(content["text"])
            elif kind == "execute_result":
                texts.append(content["data"].get("text/plain", "") + "\n")
            elif kind == "error":
                failure = f"{content['ename']}: {content['evalue']}"
            elif kind == "status" and content["execution_state"] == "idle":
                socket.close()
                return "".join(texts), failure


def notebook(code, text):
    output = [{"output_type": "stream", "name": "stdout", "text": text}] if text else []
    cell = {
        "cell_type": "code", "id": "digits", "execution_count": 1, "metadata": {}, "source": code, "outputs": output,
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def main():
    jupyter, name, code = Jupyter(sys.argv[1]), sys.argv[2], sys.stdin.read()
    jupyter.call("PUT", f"api/contents/{name}", {"type": "notebook", "content": notebook(code, "")})
    session = jupyter.call(
        "POST", "api/sessions",
        {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}},
    )
    text, failure = jupyter.run(session["kernel"]["id"], code)
    jupyter.call("PUT", f"api/contents/{name}", {"type": "notebook", "content": notebook(code, text)})
    jupyter.call("DELETE", f"api/sessions/{session['id']}")
    sys.stdout.write(text)
    if failure:
        raise SystemExit(failure)


if __name__ == "__main__":
    main()
