"""The workflows that comment on pull requests, run as far as no runner is needed.

A server answers as a forge: it keeps comments and says what was asked of it. Everything else is real: the check in a
repository, the scripts of the examples, HTTP.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from images import encoded, noise, photograph
from repositories import Repository
from test_ready_made import EXAMPLES, ROOT, act, evaluated, parsed, run

MARKER = "<!-- bytefit -->"
COMMENT = EXAMPLES / "github-comment" / "comment.py"
BOT, PERSON = {"type": "Bot", "id": 1}, {"type": "User", "id": 2}

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the workflows are for bash")


class Forge(BaseHTTPRequestHandler):
    """A forge that keeps comments. `GET` pages through them, two at a time."""

    comments: list
    pulls: list
    asked: list
    refuses = False

    def answer(self):
        """Do what was asked, and answer in JSON."""
        url, query = urlsplit(self.path), parse_qs(urlsplit(self.path).query)
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        self.asked.append((self.command, url.path))
        place = self.comments if "comments" in url.path or "notes" in url.path else self.pulls
        number = int(url.path.rpartition("/")[2]) if url.path.rpartition("/")[2].isdigit() else None
        status, found = 200, None
        if self.refuses and self.command != "GET":
            status = 403
        elif url.path.endswith("/user"):
            found = BOT
        elif self.command == "GET" and place is self.pulls:
            found = [one for one in place if one["label"] == query["head"][0]]
        elif self.command == "GET":
            page = int(query["page"][0])
            found = place[2 * page - 2 : 2 * page]
        elif self.command == "POST":
            place.append({"id": len(place) + 100, "user": BOT, "author": BOT, "body": body["body"]})
        elif self.command == "DELETE":
            place[:] = [one for one in place if one["id"] != number]
        else:
            next(one for one in place if one["id"] == number)["body"] = body["body"]
        data = b"" if self.command == "DELETE" else json.dumps(found).encode()
        self.send_response(204 if self.command == "DELETE" and status == 200 else status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer  # noqa: N815

    def log_message(self, *_arguments):
        """Be silent."""


@pytest.fixture
def forge():
    """Return a running forge with two comments of people, one of which pretends to be ours."""
    people = [{"id": 1, "user": PERSON, "author": PERSON, "body": text} for text in ("hello", f"{MARKER}\nmine")]
    handler = type("Running", (Forge,), {"comments": people, "pulls": [], "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def ours(forge):
    """Return the bodies of our comments."""
    return [one["body"] for one in forge.comments if one["user"] is BOT]


def written(forge):
    """Return the requests that change something."""
    return [method for method, _ in forge.asked if method != "GET"]


@pytest.fixture
def branch(tmp_path):
    """Return a repository whose branch brings an image over budget and removes another, and the commit of its base."""
    made = Repository(tmp_path / "repository")
    made.write("fine.jpg", encoded(photograph()))
    made.write("goes.jpg", encoded(noise((160, 120)), quality=90))
    base = made.commit()
    made.git("switch", "--quiet", "--create", "branch")
    made.write("large.jpg", encoded(noise((640, 640)), quality=98))
    made.git("rm", "--quiet", "goes.jpg")
    made.commit()
    made.environment["PATH"] = os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"]))  # noqa: PTH120
    return made, base


def comment(forge, folder, report, event):
    """Run the step that posts the report, as a runner does; return its exit code and output."""
    (folder / "event.json").write_text(json.dumps(event), encoding="utf-8")
    (step,) = parsed("github-comment/action.yml")["runs"]["steps"]
    values = {"inputs.report": str(report), "inputs.token": "secret"}
    environment = {name: evaluated(text, values) for name, text in step["env"].items()}
    runner = {
        "GITHUB_ACTION_PATH": str(COMMENT.parent),
        "GITHUB_API_URL": forge.url,
        "GITHUB_REPOSITORY": "us/site",
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env={**environment, **runner},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def of_fork(sha="abc", owner="them"):
    """Return the event of a workflow that ran for a fork: it names no pull request."""
    head = {"owner": {"login": owner}}
    return {
        "workflow_run": {"head_repository": head, "head_branch": "topic", "head_sha": sha, "pull_requests": []},
    }


def steps_of(name):
    """Return the permissions and the steps of a workflow with one job."""
    workflow = parsed(name)
    (job,) = workflow["jobs"].values()
    return workflow["permissions"], job["steps"]


@pytest.mark.parametrize("name", ["github-comment.yml", "github-comment-forks-check.yml"])
def test_the_check_leaves_a_report_of_what_the_branch_changes(branch, tmp_path, name):
    """The report is written although the check fails: that is when people need it."""
    repository, base = branch
    _, steps = steps_of(name)
    (check,) = (step for step in steps if step.get("uses", "").startswith("bytefit/bytefit/examples/github-action@"))
    values = {"github.event.pull_request.base.sha": base, "runner.temp": str(tmp_path / "act" / "temp")}

    inputs = {key.replace("-", "_"): evaluated(text, values) for key, text in check["with"].items()}
    log, code, _ = act(repository, tmp_path / "act", **inputs)

    report = (repository.folder / inputs["markdown"]).read_text(encoding="utf-8")
    assert code == 1, log
    assert report.startswith(f"{MARKER}\n**1 of 1 image over budget")
    assert "| **over**, new | <code>large.jpg</code> |" in report
    assert "| removed | <code>goes.jpg</code> |" in report
    assert "bytefit fix large.jpg" in report


def test_a_comment_is_posted_once_edited_in_place_and_removed(forge, tmp_path):
    """A bot that posts a comment for every push is noise; a comment that is no longer true is worse."""
    report = tmp_path / "comment.md"
    event = {"pull_request": {"number": 7}}
    seen = []
    for text in (f"{MARKER}\none", f"{MARKER}\none", f"{MARKER}\ntwo", ""):
        report.write_text(text, encoding="utf-8")
        forge.asked.clear()
        code, log = comment(forge, tmp_path, report, event)
        assert code == 0, log
        seen.append((written(forge), ours(forge)))

    assert seen == [
        (["POST"], [f"{MARKER}\none"]),
        ([], [f"{MARKER}\none"]),
        (["PATCH"], [f"{MARKER}\ntwo"]),
        (["DELETE"], []),
    ]
    assert len(forge.comments) == 2, "what people wrote stays"
    assert ("GET", "/repos/us/site/issues/7/comments") in forge.asked


def test_the_pull_request_of_a_fork_is_found_by_its_commit(forge, tmp_path):
    """The report comes from strangers, so only GitHub says where it goes; an older commit's report goes nowhere."""
    report = tmp_path / "comment.md"
    report.write_text(f"{MARKER}\none", encoding="utf-8")
    forge.pulls += [
        {"number": 3, "label": "us:topic", "head": {"sha": "abc"}},
        {"number": 9, "label": "them:topic", "head": {"sha": "abc"}},
    ]

    outdated = comment(forge, tmp_path, report, of_fork(sha="older"))
    deleted = comment(forge, tmp_path, report, {"workflow_run": {"head_repository": None}})
    assert written(forge) == []
    posted = comment(forge, tmp_path, report, of_fork())

    assert [code for code, _ in (outdated, deleted, posted)] == [0, 0, 0]
    assert "nothing is posted" in outdated[1]
    assert ours(forge) == [f"{MARKER}\none"]
    assert ("POST", "/repos/us/site/issues/9/comments") in forge.asked


@pytest.mark.parametrize("kind", ["no report", "too long", "link", "missing"])
def test_what_is_no_report_is_not_posted(forge, tmp_path, kind):
    """An artifact of a fork can hold anything, and a link could point to the runner's secrets."""
    report = tmp_path / "comment.md"
    if kind == "link":
        (tmp_path / "secret").write_text(f"{MARKER}\nsecret", encoding="utf-8")
        report.symlink_to(tmp_path / "secret")
    elif kind != "missing":
        report.write_text("buy this" if kind == "no report" else MARKER + "x" * 65_536, encoding="utf-8")

    code, log = comment(forge, tmp_path, report, {"pull_request": {"number": 7}})

    assert code == 1
    assert log.startswith("::error::comment.md is no ")
    assert forge.asked == []


def test_a_token_that_may_not_write_is_told(forge, tmp_path):
    """Whoever copies the workflow has to learn which permission it lacks."""
    report = tmp_path / "comment.md"
    report.write_text(f"{MARKER}\none", encoding="utf-8")
    forge.refuses = True

    code, log = comment(forge, tmp_path, report, {"pull_request": {"number": 7}})

    assert code == 1
    assert log.startswith("::error::GitHub answered 403 ")
    assert "give the job the permission pull-requests: write" in log


def test_what_may_write_runs_nothing_of_the_pull_request():
    """The rule of workflows on `workflow_run`: no checkout, no script, no more permissions than needed."""
    permissions, steps = steps_of("github-comment-forks-post.yml")
    text = (EXAMPLES / "github-comment-forks-post.yml").read_text(encoding="utf-8")

    assert permissions == {"actions": "read", "pull-requests": "write"}
    assert [step["uses"].partition("@")[0] for step in steps] == [
        "actions/download-artifact",
        "bytefit/bytefit/examples/github-comment",
    ]
    assert not any("run" in step for step in steps)
    assert "checkout" not in re.sub("#.*", "", text)
    assert "secrets." not in text


def test_what_runs_for_forks_may_only_read():
    """A token that could write would be in the hands of whoever opens a pull request."""
    permissions, (checkout, _, upload) = steps_of("github-comment-forks-check.yml")

    assert permissions == {"contents": "read"}
    assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False}
    assert upload["if"] == "${{ !cancelled() }}"


def test_the_pair_fits_together():
    """The second workflow must wait for the first, fetch what it leaves, and post that file."""
    first, second = parsed("github-comment-forks-check.yml"), parsed("github-comment-forks-post.yml")
    _, check, upload = first["jobs"]["report"]["steps"]
    download, post = second["jobs"]["comment"]["steps"]

    # PyYAML reads YAML 1.1, where `on` is a truth value.
    assert second[True]["workflow_run"] == {"workflows": [first["name"]], "types": ["completed"]}
    assert download["with"]["name"] == upload["with"]["name"]
    assert upload["with"]["path"] == check["with"]["markdown"]
    assert post["with"]["report"] == f"{download['with']['path']}/{upload['with']['path']}"
    assert download["with"]["run-id"] == "${{ github.event.workflow_run.id }}"


def test_the_workflow_for_branches_leaves_forks_alone():
    """The token of a fork may not comment, and a job that always fails is no help."""
    permissions, (checkout, _, post) = steps_of("github-comment.yml")
    job = parsed("github-comment.yml")["jobs"]["comment"]

    assert permissions == {"contents": "read", "pull-requests": "write"}
    assert job["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False}
    assert post["if"] == "${{ !cancelled() }}"


@pytest.mark.parametrize(
    "name", ["github-comment.yml", "github-comment-forks-check.yml", "github-comment-forks-post.yml"]
)
def test_the_workflows_use_what_there_is(name):
    """Each action of ours must be a folder with these inputs."""
    _, steps = steps_of(name)
    own = [step for step in steps if step["uses"].startswith("bytefit/bytefit/")]

    assert own
    for step in own:
        folder = step["uses"].removeprefix("bytefit/bytefit/").partition("@")[0]
        assert (ROOT / folder / "action.yml").is_file()
        assert step["with"].keys() <= parsed(f"{folder.partition('/')[2]}/action.yml")["inputs"].keys()


def test_actionlint_accepts_the_workflows():
    """It knows more than the schema: which variables there are, and what is missing in an expression."""
    if shutil.which("actionlint") is None:
        pytest.skip("actionlint is not on this machine")

    done = subprocess.run(
        ["actionlint", *sorted(EXAMPLES.glob("github-*.yml"))], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_gitlabs_note_is_posted_edited_and_removed(branch, forge):
    """The job runs for a merge request: the note follows what the branch does to the images."""
    repository, base = branch
    job = parsed("gitlab-note.yml")["image-note"]
    script = "\n".join(job["script"])
    given = {
        "CI_API_V4_URL": f"{forge.url}/api/v4",
        "CI_PROJECT_ID": "5",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "BYTEFIT_TOKEN": "secret",
    }

    def ran():
        forge.asked.clear()
        done = run(repository, "bash", "-eo", "pipefail", "-c", script, **given)
        assert done.returncode == 0, done.stdout + done.stderr
        return written(forge), [text.splitlines()[1] for text in ours(forge)]

    (repository.folder / ".git" / "info" / "exclude").write_text("note.md\n", encoding="utf-8")
    seen = [ran(), ran()]
    repository.git("rm", "--quiet", "large.jpg")
    repository.commit()
    seen.append(ran())
    repository.git("checkout", "--quiet", base)
    seen.append(ran())

    methods, verdicts = zip(*seen, strict=True)
    assert methods == (["POST"], [], ["PUT"], ["DELETE"])
    assert verdicts[0] == verdicts[1]
    assert verdicts[0][0].startswith("**1 of 2 images over budget, by ")
    assert verdicts[2][0].startswith("**All images are within their budgets.** Compared with ")
    assert verdicts[3] == []
    assert ("GET", "/api/v4/projects/5/merge_requests/7/notes") in forge.asked
    assert "$BYTEFIT_TOKEN" in job["rules"][0]["if"]
