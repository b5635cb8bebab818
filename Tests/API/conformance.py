"""Runs schemathesis for two minutes at most against a Weir of its own, as an operator with a workspace and a project."""

import os
import pathlib
import subprocess
import sys

import yaml
from running_weir import Weir

SECONDS = int(os.environ.get("TEST_SECONDS", "110"))
# The same cases for everybody, so that what is red was made so by the change; `Tests/API/run --seed 7` looks at others.
SEED = "90098436603307317337487366352246369714"

CONFIGURATION = """
base-url = "{url}"
headers = {{ Authorization = "Bearer {token}" }}
# More than one trips over a race in schemathesis itself.
workers = 1
request-timeout = 15.0
suppress-health-check = ["all"]
hooks = "hooks"

[phases.stateful]
enabled = false

[generation]
max-examples = {examples}

[checks]
# By RFC 9110 and tus: a wrong protocol version, too much, a range that is not there, a head that is too large, a checksum that does not match.
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 416, 422, 423, 428, 429, 431, 460]
positive_data_acceptance.enabled = false
missing_required_header.enabled = false
unsupported_method.enabled = false
ignored_auth.enabled = false

# What the tus server can do does not depend on the asset.
[[operations]]
include-operation-id = "describeUploads"
checks.negative_data_rejection.enabled = false

# Streams do not end; the own account and the things below must outlive the run.
[[operations]]
include-operation-id = ["streamEvents", "streamLogs", "buildOfficialImages", "changePassword", "logOut", "resetPassword", "disableAccount", "deleteProject", "deleteAsset", "deleteWorkload", "removeMember", "setMember"]
enabled = false
"""


def main():
    with Weir() as weir:
        operator = weir.operator()
        identifiers = objects(operator)
        folder = pathlib.Path(weir.folder)
        (folder / "schemathesis.toml").write_text(
            CONFIGURATION.format(
                url=weir.url, token=operator.token, examples=os.environ.get("TEST_EXAMPLES", "12"),
            )
        )
        (folder / "openapi.yaml").write_text(document_with(identifiers))
        command = [
            pathlib.Path(sys.executable).with_name("schemathesis"), "--config-file", folder / "schemathesis.toml", "run",
            folder / "openapi.yaml", "--max-time", str(SECONDS), "--continue-on-failure",
            *(sys.argv[1:] if "--seed" in sys.argv else ["--seed", SEED, *sys.argv[1:]]),
        ]
        environment = dict(os.environ, PYTHONPATH=str(pathlib.Path(__file__).parent))
        result = subprocess.run([str(part) for part in command], cwd=folder, env=environment, check=False)
        if result.returncode != 0:
            sys.stderr.write(weir.log())
        sys.exit(result.returncode)


def objects(operator):
    """Things that are there, so that requests reach beyond "not found"."""
    workspace = operator.call("POST", "/api/v1/workspaces", {"name": "conformance"})["id"]
    project = operator.call("POST", f"/api/v1/workspaces/{workspace}/projects", {"name": "digits"})["id"]
    operator.call(
        "PUT", f"/api/v1/projects/{project}/code/file?path=train.py", raw=b"print(1)\n",
        headers={"Content-Type": "application/octet-stream"},
    )
    asset = operator.call("POST", f"/api/v1/workspaces/{workspace}/assets", {"kind": "dataset", "name": "digits"})["id"]
    spare = {"name": "spare", "cpu": 1000, "memory": 1 << 30, "scratch": 1 << 30, "price_per_hour": "1"}
    operator.call("POST", "/api/v1/flavors", spare)
    found = {"workspace": workspace, "project": project, "asset": asset, "flavor": "spare"}
    operator.weir.official_images(operator)
    images = operator.call("GET", "/api/v1/images")["items"]
    found["image"] = next(image["id"] for image in images if "python" in image["reference"])
    job = {"name": "train", "image": found["image"], "flavor": "small", "command": "sleep 300"}
    found["workload"] = operator.call("POST", f"/api/v1/projects/{project}/jobs", job)["id"]
    job |= {"name": "done", "command": "echo done > /gemini/output/done"}
    operator.wait(operator.call("POST", f"/api/v1/projects/{project}/jobs", job)["id"], "completed")
    return found


def document_with(identifiers):
    """The document, with the things that are there as the only valid ones."""
    document = yaml.safe_load(pathlib.Path("Sources/WeirHTTP/OpenAPI/openapi.yaml").read_text())
    for name, value in identifiers.items():
        document["components"]["parameters"][name]["schema"] = {"type": "string", "enum": [value]}
    return yaml.safe_dump(document, allow_unicode=True)


if __name__ == "__main__":
    main()
