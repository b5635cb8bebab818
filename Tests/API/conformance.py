"""Runs schemathesis for two minutes at most against a Weir of its own, as an operator with a workspace and a project."""

import os
import pathlib
import subprocess
import sys

from running_weir import Weir

SECONDS = int(os.environ.get("TEST_SECONDS", "110"))

CONFIGURATION = """
base-url = "{url}"
headers = {{ Authorization = "Bearer {token}" }}
workers = 2
request-timeout = 15.0
suppress-health-check = ["all"]

[parameters]
{parameters}

[phases.stateful]
enabled = false

[generation]
max-examples = {examples}

[checks]
positive_data_acceptance.enabled = false
missing_required_header.enabled = false
unsupported_method.enabled = false
ignored_auth.enabled = false

# Streams do not end; the own password and the own session must outlive the run.
[[operations]]
include-operation-id = ["streamEvents", "streamLogs", "buildOfficialImages", "changePassword", "logOut", "resetPassword", "disableAccount"]
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
                parameters="\n".join(f'"path.{name}" = "{value}"' for name, value in identifiers.items()),
            )
        )
        command = [
            pathlib.Path(sys.executable).with_name("schemathesis"), "--config-file", folder / "schemathesis.toml", "run",
            pathlib.Path("Sources/WeirHTTP/OpenAPI/openapi.yaml").absolute(), "--max-time", str(SECONDS),
            "--continue-on-failure", *sys.argv[1:],
        ]
        result = subprocess.run([str(part) for part in command], cwd=folder, check=False)
        if result.returncode != 0:
            sys.stderr.write(weir.log())
        sys.exit(result.returncode)


def objects(operator):
    """Things that are there, so that requests reach beyond "not found"."""
    workspace = operator.call("POST", "/api/v1/workspaces", {"name": "conformance"})["id"]
    project = operator.call("POST", f"/api/v1/workspaces/{workspace}/projects", {"name": "digits"})["id"]
    asset = operator.call("POST", f"/api/v1/workspaces/{workspace}/assets", {"kind": "dataset", "name": "digits"})["id"]
    return {"workspace": workspace, "project": project, "asset": asset}


if __name__ == "__main__":
    main()
