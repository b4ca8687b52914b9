"""The files in `examples` that people copy are valid and work.

Nothing is downloaded: schemas come in a package, and the steps that install bytefit are left out.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from jsonschema import Draft202012Validator
from pre_commit.clientlib import load_manifest

import bytefit
from bytefit.budgets import configuration
from bytefit.budgets.configuration import load_configuration
from bytefit.budgets.keys import CHECKS
from bytefit.budgets.rules import rule_for, totals_of
from bytefit.cli.main import _parser
from images import encoded, noise, photograph
from repositories import Repository

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
ACTION = EXAMPLES / "github-action" / "action.yml"
BUDGET = 500_000
READY_MADE = (
    *("pre-commit-config.yaml", "bytefit.toml", "github-action/action.yml", "github-workflow.yml", "gitlab-ci.yml"),
    *("Makefile", "lefthook.yml", "husky-pre-commit", "github-comment/action.yml", "github-comment.yml"),
    *("github-comment-forks-check.yml", "github-comment-forks-post.yml", "gitlab-note.yml"),
)

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the examples are for bash and sh")


def text_of(name):
    """Return the text of an example."""
    return (EXAMPLES / name).read_text(encoding="utf-8")


def parsed(name):
    """Return the content of a YAML file."""
    return yaml.safe_load(text_of(name))


@pytest.fixture
def repository(tmp_path):
    """Return a repository with two committed images, one over the budget, and bytefit on its path."""
    made = Repository(tmp_path / "repository", tmp_path / "pre-commit")
    made.write("fine.jpg", encoded(photograph()))
    made.write("large.jpg", encoded(noise((640, 640)), quality=98))
    assert (made.folder / "large.jpg").stat().st_size > BUDGET
    made.commit()
    # The command of the environment that runs the tests, as it would be installed.
    made.environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return made


def run(repository, *command, **environment):
    """Run a command in the repository and return it."""
    return subprocess.run(
        command,
        cwd=repository.folder,
        env={**repository.environment, **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_examples_are_listed():
    """The README of the folder must name every example, and a page must link to it."""
    listed = text_of("README.md")
    linked = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md"))

    assert [name for name in READY_MADE if f"`{name}`" not in listed] == []
    assert [name for name in READY_MADE if f"(../../examples/{name})" not in linked] == []


def test_the_examples_name_this_version():
    """A copied example must install the version that it was tested with."""
    pinned = {
        name: set(re.findall(r"(?:rev: v|bytefit==|@v|default: \")(\d+\.\d+[\w.]*)", text_of(name)))
        for name in READY_MADE
    }

    assert {name for name, versions in pinned.items() if versions} == {
        *("pre-commit-config.yaml", "github-action/action.yml", "github-workflow.yml", "gitlab-ci.yml"),
        *("github-comment/action.yml", "github-comment.yml", "github-comment-forks-check.yml"),
        *("github-comment-forks-post.yml", "gitlab-note.yml"),
    }
    assert set().union(*pinned.values()) == {bytefit.__version__}


def commands():
    """Return every bytefit command line in the examples, in scripts and in comments."""
    written = [
        command for name in (*READY_MADE, "README.md") for command in re.findall("`(bytefit [^`]+)`", text_of(name))
    ]
    hooks = parsed("lefthook.yml")["pre-commit"]["commands"].values()
    lines = [*parsed("gitlab-ci.yml")["images"]["script"], *(hook["run"] for hook in hooks)]
    lines += [
        line.removeprefix("images: ; ")
        for name in ("Makefile", "husky-pre-commit")
        for line in text_of(name).splitlines()
    ]
    return sorted({*written, *(line for line in lines if line.startswith("bytefit "))})


@pytest.mark.parametrize("command", commands())
def test_command_is_understood(command):
    """The command line must accept every command in the examples, even those in comments."""
    assert callable(_parser().parse_args(shlex.split(command)[1:]).run)


def test_there_are_commands_of_every_example():
    """The search for commands must find those of make, lefthook, husky, GitLab and comments."""
    assert {"bytefit fix", "bytefit fix --staged", "bytefit check --write-baseline"} <= set(commands())
    assert any("codequality=" in command for command in commands())


ACTIONS = ("github-action/action.yml", "github-comment/action.yml")
WORKFLOWS = ("github-workflow.yml", "github-comment.yml")
WORKFLOWS += ("github-comment-forks-check.yml", "github-comment-forks-post.yml")


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ("vendor.github-actions", ACTIONS),
        ("vendor.github-workflows", WORKFLOWS),
        ("custom.github-workflows-require-timeout", WORKFLOWS),
        ("vendor.gitlab-ci", ("gitlab-ci.yml", "gitlab-note.yml")),
    ],
)
def test_continuous_integration_accepts_its_files(schema, names):
    """The vendor's published schema must accept the files."""
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *(EXAMPLES / name for name in names)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_pre_commit_accepts_its_file():
    """pre-commit must accept the file without a warning, and every hook in it must exist."""
    hooks = {hook["id"] for repo in parsed("pre-commit-config.yaml")["repos"] for hook in repo["hooks"]}

    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-config", EXAMPLES / "pre-commit-config.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert hooks == {hook["id"] for hook in load_manifest(ROOT / ".pre-commit-hooks.yaml")}


def test_readme_shows_what_is_in_the_file_for_pre_commit():
    """The README's block must be an exact part of the tested file."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(repos:.*?)^```$", readme, flags=re.MULTILINE | re.DOTALL)

    assert blocks
    assert [block for block in blocks if block not in text_of("pre-commit-config.yaml")] == []


@pytest.fixture
def hooked(repository):
    """Return the repository with the pre-commit file, changed to use local hooks."""
    config = parsed("pre-commit-config.yaml")
    manifest = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    for repo in config["repos"]:
        repo["repo"] = "local"
        del repo["rev"]
        repo["hooks"] = [{**manifest[hook["id"]], **hook, "language": "system"} for hook in repo["hooks"]]
    repository.write(".pre-commit-config.yaml", yaml.safe_dump(config).encode())
    repository.commit()
    return repository


def test_pre_commit_fixes_where_people_commit(hooked):
    """The first run must fix and fail; after `git add` the second must pass."""
    first = hooked.pre_commit("run", "--all-files")
    hooked.git("add", "--all")
    second = hooked.pre_commit("run", "--all-files")

    assert first.returncode == 1
    assert "fixed large.jpg" in first.stdout
    assert (hooked.folder / "large.jpg").stat().st_size <= BUDGET
    assert second.returncode == 0, second.stdout + second.stderr


def test_pre_commit_can_leave_a_report_of_what_it_fixed(hooked):
    """The arguments of a hook take reports: a file for a bot, beside the lines for a person."""
    config = yaml.safe_load((hooked.folder / ".pre-commit-config.yaml").read_text("utf-8"))
    config["repos"][0]["hooks"] = [
        {**hook, "args": ["--report=text", "--report=markdown=.git/fix.md"]}
        for hook in config["repos"][0]["hooks"]
        if hook["id"] == "bytefit-fix"
    ]
    hooked.write(".pre-commit-config.yaml", yaml.safe_dump(config).encode())
    hooked.git("add", "--all")

    done = hooked.pre_commit("run", "--all-files")

    assert done.returncode == 1
    assert "fixed large.jpg" in done.stdout
    assert "1 rewritten, " in done.stdout
    report = (hooked.folder / ".git" / "fix.md").read_text(encoding="utf-8")
    assert "**bytefit made 1 of 1 image fit, " in report
    assert "| fixed | <code>large.jpg</code> |" in report


def test_pre_commit_only_checks_in_continuous_integration(hooked):
    """The command for CI must report the image and write nothing, and so must pre-commit.ci."""
    command = re.search(r"^# +(SKIP=\S+) (pre-commit run .*)$", text_of("pre-commit-config.yaml"), flags=re.MULTILINE)
    skip, arguments = command[1].removeprefix("SKIP="), shlex.split(command[2])[1:]
    before = hooked.hashes()

    hooked.environment["SKIP"] = skip
    done = hooked.pre_commit(*arguments)

    assert parsed("pre-commit-config.yaml")["ci"]["skip"] == [skip] == ["bytefit-fix"]
    assert done.returncode == 1
    assert "large.jpg" in done.stdout
    assert hooked.hashes() == before


def test_the_configuration_names_every_key():
    """The example must show every key, and editors must accept it."""
    table = tomllib.loads(text_of("bytefit.toml"))
    schema = json.loads(Path(configuration.__file__).with_name("configuration.schema.json").read_text(encoding="utf-8"))

    used = {*table}.union(*table["rules"], *table["totals"])

    assert used == {*CHECKS, "exclude", "rules", "totals", "presets", "files"}
    assert list(Draft202012Validator(schema).iter_errors(table)) == []
    assert text_of("bytefit.toml").startswith(f"#:schema {schema['$id']}\n")


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("hero.jpg", (500_000, None, False, {"metadata": "keep", "resize": False})),
        ("docs/guide/step.png", (150_000, 1600, False, {"metadata": "keep", "resize": True})),
        ("team/ada.jpg", (20 * 1024, 256, False, {"metadata": "strip", "on_unreachable": "smallest"})),
        ("gallery/2026/sea.avif", (1_500_000, None, False, {"min_score": 80, "effort": "best", "min_quality": 40})),
        ("gallery/thumbnails/sea.avif", (500_000, None, False, {"effort": "normal"})),
        ("press/originals/logo.png", (500_000, None, True, {})),
    ],
)
def test_the_configuration_says_what_its_comments_say(name, rule):
    """The globs must match as described, and rules must inherit from the top level."""
    read = load_configuration(str(EXAMPLES), file=str(EXAMPLES / "bytefit.toml"))

    found = rule_for(name, read)

    assert (found.max_size, found.max_width, found.skip) == rule[:3]
    assert rule[3].items() <= found.options.items()
    assert [total.max_size for total in totals_of(name, read)] == [20_000_000] * name.startswith(("docs/", "team/"))


def test_the_configuration_holds_a_repository(repository):
    """A copy in its place must be found, and must exclude, skip and limit files."""
    shutil.copy(EXAMPLES / "bytefit.toml", repository.folder / ".bytefit.toml")
    large = (repository.folder / "large.jpg").read_bytes()
    for name in ("tests/data/a.jpg", "press/originals/b.jpg", "gallery/c.jpg", "docs/d.jpg"):
        repository.write(name, large)
    repository.commit()

    done = run(repository, "bytefit", "check")

    assert done.returncode == 1, done.stdout + done.stderr
    assert re.findall(r"\S+\.jpg", done.stdout) == ["docs/d.jpg", "large.jpg"]


def evaluated(text, values):
    """Return a text with its expressions replaced. An unknown expression is an error."""
    return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: values[found[1]], text)


def act(repository, folder, **inputs):
    """Run the action's scripts after the installation, and return the log, the exit code and the outputs."""
    action = parsed("github-action/action.yml")
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    assert given.keys() <= action["inputs"].keys()
    values = {f"inputs.{name}": given.get(name, one["default"]) for name, one in action["inputs"].items()}
    values |= {"steps.python.outputs.python-path": sys.executable, "runner.temp": str(folder / "temp")}
    (folder / "temp").mkdir(parents=True)
    files = {"GITHUB_OUTPUT": folder / "output", "GITHUB_STEP_SUMMARY": folder / "summary"}
    runner = {"RUNNER_TEMP": values["runner.temp"], **{name: str(path) for name, path in files.items()}}
    log = ""
    for step in action["runs"]["steps"]:
        if "run" not in step or step["name"] == "Install bytefit":
            continue
        assert step["shell"] == "bash"
        (folder / "script").write_text(step["run"], encoding="utf-8")
        environment = {name: evaluated(text, values) for name, text in step["env"].items()}
        done = run(
            repository, "bash", "--noprofile", "--norc", "-eo", "pipefail", folder / "script", **runner, **environment
        )
        log += done.stdout + done.stderr
        if "id" in step:
            written = files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()
            values |= {f"steps.{step['id']}.outputs.{line.split('=')[0]}": line.partition("=")[2] for line in written}
        if done.returncode:
            return log, done.returncode, values
    return log, 0, values


@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        ({}, ["large.jpg"]),
        ({"max_size": "5MB"}, []),
        ({"max_size": "1KB"}, ["large.jpg", "fine.jpg"]),
        ({"paths": "fine.jpg\n"}, []),
        ({"paths": "fine.jpg\n\nlarge.jpg\n"}, ["large.jpg"]),
        ({"from_ref": "HEAD~1"}, ["odd/- a 'b' $(c).jpg"]),
        ({"from_ref": "HEAD~1", "to_ref": "HEAD~1"}, []),
        ({"paths": "odd"}, ["odd/- a 'b' $(c).jpg"]),
        ({"paths": "odd/- a 'b' $(c).jpg"}, ["odd/- a 'b' $(c).jpg"]),
    ],
    ids=str,
)
def test_the_action_reports_and_then_fails(repository, tmp_path, inputs, names):
    """Annotations, summary and SARIF must name the files over budget for every selection."""
    if any("odd" in one for one in (*inputs.values(), *names)) or "from_ref" in inputs:
        repository.write("odd/- a 'b' $(c).jpg", (repository.folder / "large.jpg").read_bytes())
        repository.commit()

    log, code, values = act(repository, tmp_path / "act", **inputs)

    sarif = json.loads(Path(values["steps.check.outputs.sarif"]).read_text(encoding="utf-8"))
    assert code == (1 if names else 0), log
    assert len(sarif["runs"][0]["results"]) == len(names)
    assert re.findall(r"^::error file=(.*?),line=1", log, flags=re.MULTILINE) == names
    assert (tmp_path / "act" / "summary").exists() == bool(names)
    assert run(repository, "git", "status", "--porcelain").stdout == ""


@pytest.mark.parametrize("inputs", [{"max_size": "5 apples"}, {"from_ref": "nowhere"}, {"paths": "gone.jpg"}], ids=str)
def test_the_action_fails_where_it_is_used_wrongly(repository, tmp_path, inputs):
    """The action must say why it failed and leave no SARIF file, which would look like a clean audit."""
    log, code, values = act(repository, tmp_path / "act", **inputs)

    assert code == 2
    assert "bytefit" in log
    assert "steps.check.outputs.sarif" not in values


@pytest.mark.parametrize("evil", ["$(touch pwned)", "`touch pwned`", '"; touch pwned; "', "*"])
def test_inputs_of_the_action_are_words_and_no_commands(repository, tmp_path, evil):
    """The shell must not run a branch name such as $(anything)."""
    before = repository.hashes()

    _, code, _ = act(repository, tmp_path / "act", paths=evil, max_size=evil, from_ref=evil, to_ref=evil)

    assert code == 2
    assert repository.hashes() == before


def test_paths_of_the_action_are_no_options(repository, tmp_path):
    """A file name must not act as an option, such as `--write-baseline`."""
    _, code, _ = act(repository, tmp_path / "act", paths="--write-baseline\nlarge.jpg")

    assert code == 2
    assert not (repository.folder / ".bytefit-baseline.json").exists()


def test_inputs_of_the_action_are_never_written_into_scripts():
    """The shell runs interpolated text, so no script may interpolate an input."""
    steps = parsed("github-action/action.yml")["runs"]["steps"]

    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


def test_names_of_files_command_nothing(repository, tmp_path):
    """File names with "##[...]" or "::...::" must not act as commands of the runner."""
    name = "##[stop-commands]x ::add-mask::a.jpg"
    repository.write(name, (repository.folder / "large.jpg").read_bytes())
    repository.commit()

    log, _, _ = act(repository, tmp_path / "act")

    before, token, inert, after = re.fullmatch(
        r"(.*?)^::stop-commands::(\w{32,})\n(.*)^::\2::\n(.*)", log, flags=re.MULTILINE | re.DOTALL
    ).groups()
    assert before == ""
    assert name.replace("##[", "\\x23#[") in inert  # the second of two guards
    assert token not in inert
    assert [line for line in after.splitlines() if not line.startswith("::error file=")] == []


def test_code_scanning_is_told_where_there_is_something_to_tell():
    """A failed upload must not change the result of the action."""
    *_, upload, last = parsed("github-action/action.yml")["runs"]["steps"]

    assert upload["uses"].startswith("github/codeql-action/upload-sarif@")
    assert upload["if"] == "inputs.upload-sarif == 'true' && steps.check.outputs.sarif != ''"
    assert upload["continue-on-error"] is True
    assert upload["with"]["sarif_file"] == "${{ steps.check.outputs.sarif }}"
    assert last["run"] == 'exit "$EXIT_CODE"'
    assert "if" not in last


def test_the_workflow_uses_the_action():
    """The workflow must name an existing folder, valid inputs and sufficient permissions."""
    workflow = parsed("github-workflow.yml")
    checkout, used = workflow["jobs"]["budgets"]["steps"]
    folder, _, _ = used["uses"].removeprefix("bytefit/bytefit/").partition("@")

    assert (ROOT / folder / "action.yml") == ACTION
    assert used["with"].keys() <= parsed("github-action/action.yml")["inputs"].keys()
    assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False}
    assert workflow["permissions"] == {"contents": "read", "security-events": "write"}
    # PyYAML reads YAML 1.1, where `on` is a truth value.
    assert workflow[True].keys() == {"pull_request", "push"}


def test_a_pull_request_answers_for_its_own_images(repository, tmp_path):
    """Only images of the branch may fail, not those that the base has or got meanwhile."""
    base = repository.git("rev-parse", "HEAD").strip()
    repository.git("switch", "--quiet", "--create", "branch")
    repository.write("new.jpg", (repository.folder / "large.jpg").read_bytes())
    repository.commit()
    repository.git("switch", "--quiet", "--detach", base)
    repository.write("theirs.jpg", (repository.folder / "large.jpg").read_bytes())
    base = repository.commit()
    repository.git("merge", "--quiet", "--no-edit", "branch")
    values = {"github.event.pull_request.base.sha": base}
    given = parsed("github-workflow.yml")["jobs"]["budgets"]["steps"][1]["with"]

    inputs = {name.replace("-", "_"): evaluated(text, values) for name, text in given.items()}
    log, code, _ = act(repository, tmp_path / "act", **inputs)

    assert code == 1
    assert re.findall(r"file=(.*?),", log) == ["new.jpg"]


@pytest.mark.parametrize(("large", "code"), [(True, 1), (False, 0)])
def test_gitlabs_job_leaves_both_reports(repository, large, code):
    """GitLab compares reports across branches, so the job must write both even if it passes."""
    job = parsed("gitlab-ci.yml")["images"]
    if not large:
        repository.git("rm", "--quiet", "large.jpg")

    done = run(repository, "bash", "-eo", "pipefail", "-c", "\n".join(job["script"]))

    assert done.returncode == code, done.stdout + done.stderr
    reports = {kind: repository.folder / name for kind, name in job["artifacts"]["reports"].items()}
    issues = json.loads(reports["codequality"].read_text(encoding="utf-8"))
    assert [issue["location"]["path"] for issue in issues] == ["large.jpg"] * large
    assert len(ET.fromstring(reports["junit"].read_text(encoding="utf-8")).findall(".//failure")) == large  # noqa: S314
    assert job["artifacts"]["when"] == "always"


def test_gitlabs_job_lets_pass_what_the_baseline_knows(repository):
    """The command in the example must write a baseline that lets the job pass."""
    command = re.search("`(bytefit .*?--write-baseline)`", text_of("gitlab-ci.yml"))
    assert run(repository, *shlex.split(command[1])).returncode == 0
    repository.commit()

    done = run(repository, "bash", "-eo", "pipefail", "-c", "\n".join(parsed("gitlab-ci.yml")["images"]["script"]))

    assert done.returncode == 0, done.stdout + done.stderr


def test_make_fixes_and_fails_once(repository):
    """Make must fail if it fixed a file, then pass, and must not stage anything."""
    if shutil.which("make") is None:
        pytest.skip("make is not on this machine")
    index = repository.git("ls-files", "--stage")

    first = run(repository, "make", "--file", EXAMPLES / "Makefile", "images")
    second = run(repository, "make", "--file", EXAMPLES / "Makefile", "images")

    assert first.returncode != 0
    assert "fixed large.jpg" in first.stdout
    assert (repository.folder / "large.jpg").stat().st_size <= BUDGET
    assert second.returncode == 0, second.stdout + second.stderr
    assert repository.git("ls-files", "--stage") == index


def install_husky(repository):
    """Install the script as the hook, the way husky does."""
    hook = repository.folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    shutil.copy(EXAMPLES / "husky-pre-commit", hook)
    hook.chmod(0o755)


def install_commands_of_lefthook(repository):
    """Install lefthook's command as the hook."""
    hook = repository.folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    (command,) = parsed("lefthook.yml")["pre-commit"]["commands"].values()
    hook.write_text(f"#!/bin/sh\n{command['run']}\n", encoding="utf-8")
    hook.chmod(0o755)


def install_lefthook(repository):
    """Install lefthook itself if it is present."""
    if shutil.which("lefthook") is None:
        pytest.skip("lefthook is not on this machine")
    shutil.copy(EXAMPLES / "lefthook.yml", repository.folder)
    assert run(repository, "lefthook", "install").returncode == 0


@pytest.mark.parametrize("install", [install_husky, install_commands_of_lefthook, install_lefthook])
def test_commit_stops_until_a_person_has_added_what_was_fixed(repository, install):
    """The hook must fix only staged files, stage nothing, and let the second commit pass."""
    install(repository)
    repository.write("new.jpg", encoded(noise((640, 640), seed=2), quality=98))
    repository.git("add", "new.jpg")
    index, large = repository.git("ls-files", "--stage"), (repository.folder / "large.jpg").read_bytes()

    first = run(repository, "git", "commit", "--message", "over budget")

    assert first.returncode != 0
    assert "fixed new.jpg" in first.stdout + first.stderr
    assert (repository.folder / "new.jpg").stat().st_size <= BUDGET
    assert repository.git("ls-files", "--stage") == index

    repository.git("add", "new.jpg")
    repository.git("commit", "--quiet", "--message", "fits")

    assert (repository.folder / "large.jpg").read_bytes() == large
