"""An archive of very many files, unpacked through the product: bounded in time, and the others are served meanwhile (hostile, "not done").

The suite goes through fewer than a million; `WEIR_ARCHIVE_FILES=1000000 Tests/Hostile/run archives_live` goes through them all."""

import io
import os
import tarfile
import threading
import time

from hostile_common import check, outcome, tenants

FILES = int(os.environ.get("WEIR_ARCHIVE_FILES", "50000"))
# With so many files a second at the least; a debug build on two busy cores is the slowest that it is tried on.
LEAST = 500


def archive():
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz", compresslevel=1) as tar:
        for number in range(FILES):
            entry = tarfile.TarInfo(f"many/{number // 1000}/{number}.txt")
            tar.addfile(entry)
    return made.getvalue()


def main():
    with tenants(image=False) as world:
        asset = world.alice.call("POST", f"/api/v1/workspaces/{world.a}/assets", {"kind": "dataset", "name": "many"})["id"]
        form = b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"many.tar.gz\"\r\n\r\n" + archive() + b"\r\n--edge--\r\n"
        world.alice.call(
            "POST", f"/api/v1/assets/{asset}/draft/files", raw=form, headers={"Content-Type": "multipart/form-data; boundary=edge"})
        slowest, stop = [0.0], threading.Event()

        def others():
            while not stop.is_set():
                begun = time.monotonic()
                world.bob.call("GET", "/api/v1/account")
                slowest[0] = max(slowest[0], time.monotonic() - begun)
                time.sleep(0.05)

        world.bob
        watcher = threading.Thread(target=others)
        watcher.start()
        begun = time.monotonic()
        answer = unpacked(world.alice, asset)
        took = time.monotonic() - begun
        stop.set()
        watcher.join()
        print(f"  {FILES} files were unpacked in {took:.1f} s; the slowest answer to somebody else meanwhile took {slowest[0] * 1000:.0f} ms")
        check("all files are there", answer == FILES, answer)
        check("in time", took < FILES / LEAST + 10, took)
        check("and nobody else waited", slowest[0] < 3, slowest)
        begun = time.monotonic()
        check("the draft is thrown away as fast", outcome(world.alice, "DELETE", f"/api/v1/assets/{asset}")[0] == 200 and time.monotonic() - begun < FILES / LEAST + 10)
    print("archives_live: all held")


def unpacked(person, asset):
    import http.client
    import json
    import urllib.parse

    place = urllib.parse.urlsplit(person.weir.url)
    connection = http.client.HTTPConnection(place.netloc, timeout=max(280, FILES / LEAST))
    connection.request(
        "POST", f"/api/v1/assets/{asset}/draft/unpack", json.dumps({"path": "many.tar.gz"}),
        {"Authorization": "Bearer " + person.token, "Content-Type": "application/json"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    return body.get("files", body)


if __name__ == "__main__":
    main()
