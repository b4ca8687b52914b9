"""What is ready to be copied from `examples`: valid for those who read it, and run as they would run it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pre_commit.clientlib import load_config, load_manifest

from bytefit.budgets import configuration
from bytefit.budgets.configuration import load_configuration
from images import encoded, noise, photograph
from repositories import Repository

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"

each_schema = pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("github-action/action.yml", "vendor.github-actions"),
        ("github-workflow.yml", "vendor.github-workflows"),
        ("gitlab-ci.yml", "vendor.gitlab-ci"),
    ],
)


def parsed(name):
    """Return what is in a YAML file."""
    return yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8"))


@pytest.fixture
def repository(tmp_path):
    """Return a repository with an image over the budget and one within, all of it committed; bytefit is on its path."""
    made = Repository(tmp_path / "repository")
    made.write("fine.jpg", encoded(photograph()))
    made.write("large.jpg", encoded(noise((640, 640)), quality=98))
    assert (made.folder / "large.jpg").stat().st_size > 500_000
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
        text=True,
        check=False,
    )


@each_schema
def test_continuous_integration_accepts_its_file(name, schema):
    """By the schema that its makers publish, which a package carries along."""
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, EXAMPLES / name],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_pre_commit_accepts_its_file_and_the_readme_shows_it():
    """The hooks are those there are, and the README's block is this file without its remarks."""
    path = EXAMPLES / "pre-commit-config.yaml"
    config = load_config(path)
    shown = re.search(r"^```yaml\n(repos:.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)

    hooks = {hook["id"] for repo in config["repos"] for hook in repo["hooks"]}
    assert hooks == {hook["id"] for hook in load_manifest(ROOT / ".pre-commit-hooks.yaml")}
    assert config["ci"] == {"skip": ["bytefit-fix"]}
    assert shown[1] in path.read_text(encoding="utf-8")


def test_the_configuration_is_read_and_names_every_key(tmp_path):
    """As its own file, and below [tool.bytefit]."""
    text = (EXAMPLES / "bytefit.toml").read_text(encoding="utf-8")
    (tmp_path / ".bytefit.toml").write_text(text, encoding="utf-8")

    read = load_configuration(str(tmp_path))

    assert (len(read.rules), len(read.totals), read.exclude) == (2, 1, ("tests/data/**",))
    keys = {*configuration._CHECKS, "exclude", "[[rules]]", "[[totals]]", "files"}
    assert [
        key for key in keys if not re.search(rf"^(# )?{re.escape(key)}\b|^{re.escape(key)}$", text, re.MULTILINE)
    ] == []


def script_of(name, step):
    """Return the script of a step of the action."""
    steps = parsed(name)["runs"]["steps"]
    return next(one["run"] for one in steps if one.get("name") == step)


@pytest.mark.parametrize(
    ("inputs", "passed"),
    [
        ({}, "false"),
        ({"MAX_SIZE": "5MB"}, "true"),
        ({"PATHS": "fine.jpg\n"}, "true"),
        ({"PATHS": "fine.jpg\nlarge.jpg\n"}, "false"),
        ({"FROM_REF": "HEAD"}, "true"),
    ],
    ids=str,
)
def test_the_actions_check_says_whether_all_is_within(repository, tmp_path, inputs, passed):
    """It goes on to the upload either way; annotations, summary and SARIF are there."""
    files = {name: tmp_path / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    given = {"PATHS": "", "MAX_SIZE": "", "FROM_REF": "", "TO_REF": "HEAD", **inputs}
    script = script_of("github-action/action.yml", "Check image budgets")

    done = run(
        repository, "bash", "-eo", "pipefail", "-c", script, **given, **{key: str(path) for key, path in files.items()}
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert files["GITHUB_OUTPUT"].read_text(encoding="utf-8") == f"passed={passed}\n"
    results = json.loads((repository.folder / "bytefit.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    assert ("::error file=large.jpg" in done.stdout) == bool(results) == (passed == "false")
    assert files["GITHUB_STEP_SUMMARY"].exists() == (passed == "false")


def test_the_actions_check_fails_at_once_where_the_configuration_is_wrong(repository, tmp_path):
    """There is nothing to upload then."""
    script = script_of("github-action/action.yml", "Check image budgets")
    given = {
        "PATHS": "",
        "MAX_SIZE": "5 apples",
        "FROM_REF": "",
        "TO_REF": "HEAD",
        "GITHUB_OUTPUT": str(tmp_path / "o"),
    }

    assert run(repository, "bash", "-eo", "pipefail", "-c", script, **given).returncode == 2


def test_inputs_of_the_action_are_never_written_into_scripts():
    """What is interpolated into a script is run: a branch may be called $(anything)."""
    steps = parsed("github-action/action.yml")["runs"]["steps"]

    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize(("base", "code"), [("", 1), ("HEAD", 0)])
def test_gitlabs_job_leaves_both_reports(repository, base, code):
    """Of all there is on the main branch, of what was changed in a merge request."""
    job = parsed("gitlab-ci.yml")["image-budgets"]
    environment = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base} if base else {}

    done = run(repository, "bash", "-eo", "pipefail", "-c", "\n".join(job["script"]), **environment)

    assert done.returncode == code, done.stdout + done.stderr
    for name in job["artifacts"]["reports"].values():
        assert (repository.folder / name).stat().st_size > 0


@pytest.mark.parametrize("tool", ["make", "lefthook", "husky"])
def test_other_runners_fix_what_is_over_and_stop(repository, tool):
    """Once: the second time there is nothing to do. Nothing is added to the index."""
    if tool == "make":
        if shutil.which("make") is None:
            pytest.skip("make is not on this machine")
        shutil.copy(EXAMPLES / "Makefile", repository.folder)
        command = ["make", "images"]
    elif tool == "lefthook":
        command = ["sh", "-c", parsed("lefthook.yml")["pre-commit"]["commands"]["image-budgets"]["run"]]
    else:
        command = ["sh", "-e", EXAMPLES / "husky-pre-commit"]
    repository.write("new.jpg", encoded(noise((640, 640), seed=2), quality=98))
    repository.git("add", "new.jpg")
    index = repository.git("ls-files", "--stage")

    first = run(repository, *command)
    assert repository.git("ls-files", "--stage") == index
    repository.git("add", "--all")
    second = run(repository, *command)

    assert first.returncode != 0
    assert "fixed new.jpg" in first.stdout
    assert (repository.folder / "new.jpg").stat().st_size <= 500_000
    assert second.returncode == 0, second.stdout + second.stderr


def test_the_examples_are_listed():
    """In the README of their folder, by name."""
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")

    names = [path.name for path in EXAMPLES.iterdir() if path.name not in {"README.md", "__pycache__"}]
    assert [name for name in names if f"`{name}" not in text] == []
