"""Files that cannot be read or written: each is named with its own reason, and hides none of the others."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bytefit.budgets.audit import audit
from bytefit.budgets.baseline import Baseline
from bytefit.budgets.configuration import parse_configuration
from bytefit.budgets.selection import Selection
from bytefit.cli.main import main
from images import encoded, noise
from repositories import Repository

JPEG = b"\xff\xd8\xff" + bytes(3000)

# Root may read and write everything. It gives that up for its children, on Linux (linux/capability.h, prctl.h).
CHILD = """
import ctypes, os, sys
if sys.platform == "linux":
    PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability)
os.execv(sys.executable, [sys.executable, "-m", "bytefit", *sys.argv[1:]])
"""

pytestmark = pytest.mark.skipif(
    os.name == "nt" or (os.geteuid() == 0 and sys.platform != "linux"), reason="nothing is unreadable here"
)


@pytest.fixture(params=["git", "no git"])
def folder(request, tmp_path, monkeypatch):
    """Return an empty folder, in a git repository and in none, and run inside."""
    made = tmp_path / "tree"
    if request.param == "git":
        Repository(made).enter(monkeypatch)
    else:
        made.mkdir()
        monkeypatch.chdir(made)
    yield made
    for path in (made, *made.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


def write(name, data=JPEG):
    """Write a file in the working directory, its folders made, and return its path."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def track():
    """Add all files to git, where the working directory is a repository."""
    if Path(".git").exists():
        subprocess.run(["git", "add", "--all"], check=True)


def run(*arguments):
    """Run bytefit as a process that permissions bind, and return its exit code, output and errors as lines."""
    done = subprocess.run([sys.executable, "-c", CHILD, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


PATHS = [(), (".",), ("a.jpg", "b.jpg", "c.jpg")]


@pytest.mark.parametrize("paths", PATHS, ids=str)
@pytest.mark.usefixtures("folder")
def test_an_unreadable_file_hides_no_other(paths):
    """`check` must report every file over its budget, name the one that it cannot read, and exit with 2."""
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        write(name)
    track()
    Path("b.jpg").chmod(0)

    code, out, errors = run("check", *paths, "--max-size", "1KB")

    assert [line.split()[7] for line in out[1:-1]] == ["a.jpg", "c.jpg"]
    assert out[-1].startswith("2 of 2 files over budget")
    assert errors == ["bytefit: error: b.jpg: permission denied"]
    assert code == 2


@pytest.mark.usefixtures("folder")
def test_an_unreadable_file_within_its_budget_is_fine():
    """Its size says enough, so `check` must not open it."""
    write("a.jpg").chmod(0)
    track()

    assert run("check", "a.jpg", "--max-size", "1MB") == (0, [], [])
    assert run("check", "--explain", "a.jpg", "--max-size", "1MB")[1][-1] == "  it has 3 kB, which is fine"
    assert run("check", "--explain", "a.jpg", "--max-size", "1KB")[1][-1] == "  it cannot be read: permission denied"


@pytest.mark.usefixtures("folder")
def test_fix_repairs_the_files_that_it_can_read():
    """One unreadable file must not keep the others over their budgets."""
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        write(name, encoded(noise(), quality=90))
    track()
    Path("b.jpg").chmod(0)

    code, out, errors = run("fix", ".", "--max-size", "4KB")

    assert [line.split(":")[0] for line in out if "->" in line] == ["fixed a.jpg", "fixed c.jpg"]
    assert errors == ["bytefit: error: b.jpg: permission denied"]
    assert code == 2


@pytest.mark.usefixtures("folder")
def test_fix_says_that_the_folder_cannot_be_written_to():
    """The file itself may be writable: the reason is its folder, and no name of a temporary file helps anybody."""
    write("art/a.jpg", encoded(noise(), quality=90))
    write("b.jpg", encoded(noise(), quality=90))
    track()
    Path("art").chmod(0o555)

    code, out, errors = run("fix", ".", "--max-size", "4KB")
    compressed = run("compress", "art/a.jpg", "--to", "4KB")

    reason = "permission denied: a new file is written to the same folder first, and that folder is not writable"
    assert out[0].endswith(f": art/a.jpg: {reason}") or out[1].endswith(f": art/a.jpg: {reason}")
    assert sum("fixed b.jpg" in line for line in out) == 1
    assert (code, errors) == (1, [])
    assert compressed == (2, [], [f"bytefit: error: art/a.jpg: {reason}"])


@pytest.mark.parametrize("paths", [(), (".",)], ids=str)
@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_an_unreadable_folder_hides_no_other(folder, paths, mode):
    """`check` must report the other files over their budgets, and must not pass where it could not look."""
    write("secret/a.jpg")
    write("open/b.jpg")
    track()
    Path("secret").chmod(mode)

    code, out, errors = run("check", *paths, "--max-size", "1KB")

    asked = "secret" if mode == 0 and not (folder / ".git").exists() else "secret/a.jpg"
    assert out[1].split()[7] == "open/b.jpg"
    assert errors == [f"bytefit: error: {asked}: permission denied"]
    assert code == 2


@pytest.mark.usefixtures("folder")
def test_a_file_in_an_unreadable_folder_hides_no_other_where_it_is_named():
    """The shell or a hook may name files that bytefit cannot reach."""
    write("secret/a.jpg")
    write("b.jpg")
    Path("secret").chmod(0)

    code, out, errors = run("check", "secret/a.jpg", "b.jpg", "--max-size", "1KB")

    assert out[1].split()[7] == "b.jpg"
    assert (code, errors) == (2, ["bytefit: error: secret/a.jpg: permission denied"])


@pytest.mark.parametrize("glob", ["secret/", "secret/**"])
@pytest.mark.usefixtures("folder")
def test_an_excluded_folder_may_be_unreadable(glob):
    """Nobody asked for a check of excluded files, so a folder that cannot be read must not fail it."""
    Path(".bytefit.toml").write_text(f'exclude = ["{glob}"]\n', encoding="utf-8")
    write("secret/a.jpg")
    write("b.jpg")
    track()
    Path("secret").chmod(0)

    for paths in ((), (".",), ("secret/a.jpg", "b.jpg")):
        assert run("check", *paths) == (0, [], [])


@pytest.mark.usefixtures("folder")
def test_a_total_without_an_unreadable_file_does_not_pass():
    """The sum is too small by an unknown number of bytes: `check` must not call it fine."""
    Path(".bytefit.toml").write_text('[[totals]]\nfiles = ["*.jpg"]\nmax-size = "1MB"\n', encoding="utf-8")
    write("secret/a.jpg")
    write("b.jpg")
    track()
    Path("secret").chmod(0o444)

    code, out, errors = run("check", "b.jpg")

    assert (code, out, errors) == (2, [], ["bytefit: error: secret/a.jpg: permission denied"])


@pytest.mark.usefixtures("folder")
def test_an_unreadable_file_stays_in_the_baseline():
    """It may be over its budget still: to drop it would make it fail as new once it can be read."""
    recorded = {"a.jpg": 9000, "secret/b.jpg": 9000, "gone/c.jpg": 9000}
    Path(".bytefit-baseline.json").write_text(json.dumps({"version": 1, "files": recorded, "totals": {}}))
    write("a.jpg").chmod(0)
    write("secret/b.jpg")
    track()
    Path("secret").chmod(0)

    code, _, errors = run("check", "a.jpg", "secret/b.jpg", "--max-size", "1KB", "--update-baseline")

    assert (code, len(errors)) == (2, 3)
    kept = json.loads(Path(".bytefit-baseline.json").read_text(encoding="utf-8"))["files"]
    assert kept == {"a.jpg": 9000, "secret/b.jpg": 9000}


@pytest.mark.usefixtures("folder")
def test_links_that_lead_nowhere_hide_no_other(capsys):
    """A broken link and a loop are named with what is wrong with them, and the other files are checked."""
    write("a.jpg")
    Path("broken.jpg").symlink_to("missing.jpg")
    Path("loop.jpg").symlink_to("loop.jpg")

    code = main(["check", "broken.jpg", "loop.jpg", "a.jpg", "--max-size", "1KB"])

    captured = capsys.readouterr()
    assert captured.out.splitlines()[1].split()[7] == "a.jpg"
    assert captured.err.splitlines() == [
        "bytefit: error: broken.jpg: it is a symbolic link to 'missing.jpg', which does not exist",
        "bytefit: error: loop.jpg: too many levels of symbolic links",
    ]
    assert code == 2


@pytest.mark.parametrize("command", ["check", "fix"])
@pytest.mark.usefixtures("folder")
def test_a_misspelt_name_stops_the_command(capsys, command):
    """A name that does not exist is a mistake in the command: nothing may be written before it is corrected."""
    path = write("a.jpg", encoded(noise(), quality=90))
    before = path.read_bytes()

    assert main([command, "a.jpg", "missing.jpg", "--max-size", "1KB"]) == 2
    assert capsys.readouterr() == ("", "bytefit: error: missing.jpg: no such file or directory\n")
    assert path.read_bytes() == before


@pytest.mark.usefixtures("folder")
def test_files_that_vanish_while_they_are_listed_are_skipped_unless_they_were_named():
    """Another program may delete a file between the listing and the reading: the audit of the others goes on."""
    for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg"):
        write(name)
    os.mkfifo("pipe.jpg")
    configuration = parse_configuration({"max-size": 1000})._replace(base=str(Path.cwd()))

    class Vanishing(dict):
        """A baseline that deletes each file when it is asked for: after its size, before its content."""

        def __bool__(self):
            for name in ("a.jpg", "c.jpg"):
                Path(name).unlink(missing_ok=True)
            return True

    found = audit(Selection(("a.jpg", "b.jpg", ".")), configuration, Baseline(Vanishing(), {}))

    assert [one.name for one in found.findings] == ["b.jpg", "d.jpg"]
    assert [(one.name, one.reason) for one in found.unreadable] == [("a.jpg", "no such file or directory")]
    assert found.passed is False


@pytest.mark.parametrize("folder", ["no git"], indirect=True)
@pytest.mark.parametrize("form", ["json", "junit", "github", "text", "sarif", "codequality"])
@pytest.mark.usefixtures("folder")
def test_every_report_is_written_without_the_unreadable_file(form):
    """The exit code is 2 in every format; the formats that have a place for errors name the file."""
    write("a.jpg").chmod(0)
    track()

    code, out, errors = run("check", "a.jpg", "--max-size", "1KB", f"--report={form}")

    assert (code, errors) == (2, ["bytefit: error: a.jpg: permission denied"])
    text = "\n".join(out)
    if form == "json":
        record = json.loads(text)
        assert record["unreadable"] == [{"path": "a.jpg", "name": "a.jpg", "reason": "permission denied"}]
        assert record["passed"] is False
    if form == "junit":
        assert 'errors="1"' in text
        assert '<error type="unreadable" message="permission denied">a.jpg: permission denied</error>' in text
    if form == "github":
        assert text == "::error file=a.jpg,line=1,title=Image cannot be read::permission denied"


@pytest.mark.usefixtures("folder")
def test_a_fix_that_fails_leaves_permissions_and_no_temporary_file():
    """A folder that cannot be written to must look as before."""
    path = write("art/a.jpg", encoded(noise(), quality=90))
    before = path.read_bytes()
    Path("art").chmod(0o555)

    run("fix", "art", "--max-size", "4KB")

    assert path.read_bytes() == before
    assert stat.S_IMODE(Path("art").stat().st_mode) == 0o555
    assert list(Path("art").iterdir()) == [path]
