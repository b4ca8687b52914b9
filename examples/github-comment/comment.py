"""Post a report as one comment on a pull request: edited in place, removed if the report is empty.

It runs in a workflow of GitHub Actions, for the event `pull_request` or `workflow_run`, and needs Python only. The
report is data: nothing in it is run, and it does not say where it is posted.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

MARKER = "<!-- bytefit -->"
LONGEST = 65_536  # a comment on GitHub


def call(method: str, path: str, body: object = None) -> Any:
    """Return the answer of GitHub's REST API to a request on the repository."""
    request = Request(  # noqa: S310  (the runner names the server)
        f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['TOKEN']}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    with urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.loads(answer.read() or b"null")


def read_report(path: Path) -> str:
    """Return the report; it may come from a fork, so it is not trusted to be one."""
    if path.is_symlink() or not path.is_file():
        sys.exit(f"::error::{path.name} is no file: let the check write it with --report=markdown={path.name}")
    text = path.read_bytes()[: LONGEST + 1].decode("utf-8", "replace")
    if text and (len(text) > LONGEST or not text.startswith(MARKER)):
        sys.exit(f"::error::{path.name} is no report for a comment: it must begin with {MARKER} and be short enough")
    return text


def pull_request(event: dict[str, Any]) -> int | None:
    """Return the number of the pull request; None if it was closed, or has got further commits, meanwhile."""
    if "pull_request" in event:
        return int(event["pull_request"]["number"])
    # The event names no pull request of a fork. Whoever opened it must not choose the number, so GitHub is asked.
    run = event["workflow_run"]
    if run["head_repository"] is None:  # deleted since
        return None
    head = f"{run['head_repository']['owner']['login']}:{run['head_branch']}"
    found = call("GET", f"pulls?{urlencode({'state': 'open', 'head': head})}")
    return next((int(one["number"]) for one in found if one["head"]["sha"] == run["head_sha"]), None)


def own_comment(number: int) -> dict[str, Any] | None:
    """Return the comment that an earlier run posted, or None. A person's comment is never taken for it."""
    page = 1
    while found := call("GET", f"issues/{number}/comments?{urlencode({'per_page': 100, 'page': page})}"):
        for one in found:
            if one["user"]["type"] == "Bot" and one["body"].startswith(MARKER):
                return dict(one)
        page += 1
    return None


def main() -> None:
    """Post, edit or remove the comment."""
    report = read_report(Path(os.environ["REPORT"]))
    number = pull_request(json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8")))
    if number is None:
        print("no open pull request has these commits as its last: nothing is posted")
        return
    old = own_comment(number)
    if old is None and report:
        call("POST", f"issues/{number}/comments", {"body": report})
    elif old is not None and not report:
        call("DELETE", f"issues/comments/{old['id']}")
    elif old is not None and old["body"].rstrip() != report.rstrip():
        call("PATCH", f"issues/comments/{old['id']}", {"body": report})


if __name__ == "__main__":
    try:
        main()
    except HTTPError as error:
        hint = ": give the job the permission pull-requests: write" if error.code in {403, 404} else ""
        sys.exit(f"::error::GitHub answered {error.code} {error.reason}{hint}")
