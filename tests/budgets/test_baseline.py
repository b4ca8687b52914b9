"""The baseline: today's offenders do not fail, until they grow; it shrinks, and is never widened in silence."""

from __future__ import annotations

import json
import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytefit.budgets.baseline import BASELINE_FILE, EMPTY, Baseline, read_baseline, shrunk, write_baseline
from bytefit.cli.main import main
from bytefit.errors import ConfigError
from repositories import Repository

# A few names, so that they meet; lone surrogates are how bytes that are not UTF-8 come.
SIZES = st.dictionaries(st.sampled_from(["a", "b", "c d", "\udcff", "e\n"]), st.integers(1, 9), max_size=5)
BASELINES = st.builds(Baseline, SIZES, SIZES)


def picture(size):
    """Return data of the given size that starts like a JPEG."""
    return b"\xff\xd8\xff".ljust(size, b"x")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return a repository with a budget, a total and images over both, as the working directory."""
    made = Repository(tmp_path / "repository")
    monkeypatch.chdir(made.folder)
    made.write(".bytefit.toml", b'max-size = 1000\n[[totals]]\nfiles = ["*.jpg"]\nmax-size = 4000\n')
    for name, size in (("a.jpg", 2000), ("b.jpg", 3000), ("fine.jpg", 900)):
        made.write(name, picture(size))
    made.git("add", "--all")
    return made


def recorded(repository):
    """Return the content of the baseline file."""
    return json.loads((repository.folder / BASELINE_FILE).read_text(encoding="utf-8"))


def test_it_is_read_as_it_was_written(tmp_path):
    """Reading a written baseline must return the same sizes, even for names that are not UTF-8."""
    baseline = Baseline({"a b.jpg": 2, os.fsdecode(b"\xff.jpg"): 3}, {"*.jpg !b.jpg": 7})

    write_baseline(str(tmp_path / "b.json"), baseline)

    assert read_baseline(str(tmp_path / "b.json")) == baseline
    assert read_baseline(str(tmp_path / "missing.json")) == EMPTY


@given(BASELINES, st.randoms())
def test_any_baseline_is_read_as_it_was_written_and_its_text_does_not_depend_on_the_order(
    tmp_path_factory, old, chance
):
    """The file is committed, so it must not change without a change of its content, and must be ASCII."""
    path = tmp_path_factory.mktemp("baseline") / "b.json"

    def text_of(baseline):
        write_baseline(str(path), baseline)
        return path.read_bytes()

    def shuffled(sizes):
        return dict(chance.sample(sorted(sizes.items()), len(sizes)))

    text = text_of(old)
    assert read_baseline(str(path)) == old
    assert text_of(Baseline(shuffled(old.files), shuffled(old.totals))) == text
    assert text.isascii()
    assert text.endswith(b"}\n")
    assert len(text.splitlines()) == len(old.files) + len(old.totals) + 7 - (not old.files) - (not old.totals)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a baseline of version 1"),
        ('{"version": 2}', "is not a baseline of version 1"),
        ('{"version": 1, "files": {"a": 0}}', "files must map names to sizes in bytes"),
        ('{"version": 1, "files": {"a": true}}', "files must map names to sizes in bytes"),
        ('{"version": 1, "totals": []}', "totals must map names to sizes in bytes"),
        ('{"version": 1, "files": {"a": 1.0}}', "files must map names to sizes in bytes"),
        ('{"version": 1, "files": {"a": "1"}}', "files must map names to sizes in bytes"),
        ('{"version": 1, "files": {"a": -1}}', "files must map names to sizes in bytes"),
        ('{"version": 1, "files": {"a": NaN}}', "files must map names to sizes in bytes"),
        ('{"version": 1, "files": {"a": {"b": 1}}}', "files must map names to sizes in bytes"),
        ('{"version": 1, "files": null}', "files must map names to sizes in bytes"),
        ('{"version": 1, "totals": {"a": 0}}', "totals must map names to sizes in bytes"),
        ('{"version": "1"}', "is not a baseline of version 1"),
        ('{"version": null}', "is not a baseline of version 1"),
        ("{}", "is not a baseline of version 1"),
        ("null", "is not a baseline of version 1"),
        ("1", "is not a baseline of version 1"),
        ("", "is not JSON"),
        ('{"version": 1} {}', "is not JSON"),
        ('{"version": 1, "files": {"a": ' + "9" * 5000 + "}}", "is not JSON"),
        ("<<<<<<< ours", "is not JSON"),
    ],
)
def test_what_is_no_baseline_is_an_error(tmp_path, text, message):
    """The error for an invalid baseline must say how to write a valid one."""
    path = tmp_path / "b.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=rf"{re.escape(message)}.*--write-baseline"):
        read_baseline(str(path))


@pytest.mark.parametrize("data", [b"{", b"\xff\xfe\x00", b"[]", b'{"version": 1, "files": {"a": 0}}'], ids=ascii)
@pytest.mark.parametrize("arguments", [["check"], ["fix"], ["check", "--update-baseline"]], ids=" ".join)
def test_what_is_no_baseline_is_exit_code_2_and_one_line(repository, capsys, data, arguments):
    """Every command that reads an invalid baseline must exit with 2 and keep the file."""
    repository.write(BASELINE_FILE, data)

    assert main(arguments) == 2

    captured = capsys.readouterr()
    assert (captured.out, len(captured.err.splitlines())) == ("", 1)
    assert captured.err.startswith(f"bytefit: error: {BASELINE_FILE}")
    assert (repository.folder / BASELINE_FILE).read_bytes() == data
    assert main(["check", "--no-baseline"]) == 1


def test_a_baseline_nested_without_end_is_an_error_too(tmp_path):
    """CI reads files from unknown authors: deep nesting must not crash it."""
    path = tmp_path / "b.json"
    path.write_text("[" * 100_000, encoding="utf-8")

    with pytest.raises(ConfigError):
        read_baseline(str(path))


def test_what_is_no_baseline_can_be_written_anew_as_the_message_says(repository):
    """The advice in the error must work: writing must replace an invalid file."""
    repository.write(BASELINE_FILE, b"<<<<<<< ours")

    assert main(["check", "--write-baseline"]) == 0
    assert set(recorded(repository)["files"]) == {"a.jpg", "b.jpg"}


@given(BASELINES, BASELINES, st.data())
def test_shrinking_adds_nothing_and_raises_nothing(old, now, data):
    """An update may only remove names and lower sizes, and keeps the files it did not check."""
    absent = sorted(set(old.files) - set(now.files))
    gone = data.draw(st.sets(st.sampled_from(absent))) if absent else set()

    new = shrunk(old, now, gone)

    for before, after in ((old.files, new.files), (old.totals, new.totals)):
        assert all(name in before and size <= before[name] for name, size in after.items())
    assert set(new.files) == set(old.files) - gone
    assert set(new.totals) == set(old.totals) & set(now.totals)
    assert all(new.files[name] == old.files[name] for name in new.files.keys() - now.files.keys())
    assert all(new.files[name] == min(old.files[name], now.files[name]) for name in new.files.keys() & now.files.keys())
    assert all(new.totals[name] == min(old.totals[name], now.totals[name]) for name in new.totals)
    assert shrunk(new, now, gone) == new


def test_what_is_recorded_passes_until_it_grows(repository, capsys):
    """A recorded file or total must pass at its size and fail above it."""
    assert main(["check"]) == 1
    assert main(["check", "--write-baseline"]) == 0
    assert recorded(repository) == {
        "version": 1,
        "files": {"a.jpg": 2000, "b.jpg": 3000},
        "totals": {"*.jpg": 5900},
    }
    capsys.readouterr()
    assert main(["check"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["check", "--no-baseline"]) == 1

    repository.write("a.jpg", picture(2001))
    capsys.readouterr()

    assert main(["check"]) == 1
    out = capsys.readouterr().out
    assert "a.jpg" in out
    assert "b.jpg" not in out
    assert "over their total" in out  # it grew, too


def test_a_new_file_fails_beside_known_ones(repository, capsys):
    """A baseline must not accept files that are not in it."""
    main(["check", "--write-baseline"])
    repository.write("b.jpg", picture(1500))
    repository.write("new.jpg", picture(1200))
    repository.git("add", "new.jpg")
    capsys.readouterr()

    assert main(["check"]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if ".jpg" in line and "new.jpg" not in line] == []
    assert lines[-1] == "3 more are over budget and in the baseline"


def test_updating_drops_what_is_resolved_and_keeps_the_rest(repository, capsys):
    """An update removes resolved files, lowers sizes, and does not add new files, which still fail."""
    main(["check", "--write-baseline"])
    repository.write("a.jpg", picture(1000))
    repository.write("b.jpg", picture(2500))
    repository.write("new.jpg", picture(1100))
    repository.git("add", "new.jpg")
    capsys.readouterr()

    assert main(["check"]) == 1
    assert "resolved: a.jpg; 'bytefit check --update-baseline' removes" in capsys.readouterr().out
    assert main(["check", "--update-baseline"]) == 1

    assert recorded(repository) == {"version": 1, "files": {"b.jpg": 2500}, "totals": {"*.jpg": 5500}}
    (repository.folder / "new.jpg").unlink()
    (repository.folder / "b.jpg").unlink()
    assert main(["check", "--update-baseline"]) == 0
    assert recorded(repository) == {"version": 1, "files": {}, "totals": {}}


def test_updating_part_of_the_tree_keeps_what_was_not_looked_at(repository):
    """A hook checks some files only: an update must keep all others."""
    main(["check", "--write-baseline"])
    repository.write("a.jpg", picture(10))

    main(["check", "--update-baseline", "b.jpg"])
    assert set(recorded(repository)["files"]) == {"a.jpg", "b.jpg"}
    main(["check", "--update-baseline", "a.jpg"])
    assert set(recorded(repository)["files"]) == {"b.jpg"}


def test_writing_it_again_says_what_changed(repository, capsys):
    """Writing a baseline again must report the new, grown and resolved files."""
    main(["check", "--write-baseline"])
    assert "3 over budget recorded (3 new, 0 grown, 0 resolved)" in capsys.readouterr().out
    repository.write("a.jpg", picture(10))
    repository.write("b.jpg", picture(4500))

    assert main(["check", "--write-baseline", "b.jpg", "a.jpg"]) == 0

    assert "2 over budget recorded (0 new, 1 grown, 1 resolved)" in capsys.readouterr().out
    assert recorded(repository)["files"] == {"b.jpg": 4500}


def test_the_fixer_leaves_alone_what_the_baseline_knows(repository):
    """Fix must not rewrite hundreds of recorded images in an unrelated commit."""
    main(["check", "--write-baseline"])
    before = repository.hashes()

    assert main(["fix"]) == 0
    assert main(["fix", "--no-baseline"]) == 1
    assert repository.hashes() == before  # they are no pictures


@pytest.mark.usefixtures("repository")
def test_another_file_can_hold_it(capsys):
    """A file named with `--baseline` must exist."""
    assert main(["check", "--baseline", "old.json"]) == 2
    assert "no baseline old.json: write one with 'bytefit check --write-baseline" in capsys.readouterr().err
    assert main(["check", "--write-baseline", "--baseline", "old.json"]) == 0
    assert main(["check", "--baseline", "old.json"]) == 0
    assert main(["check"]) == 1


@pytest.mark.parametrize(
    "arguments", [["--baseline", "a", "--no-baseline"], ["--write-baseline", "--update-baseline"]], ids=" ".join
)
def test_options_that_contradict_are_wrong_usage(repository, arguments):
    """Conflicting options must be an error, and nothing may be written."""
    assert main(["check", *arguments]) == 2
    assert not (repository.folder / BASELINE_FILE).exists()


def test_recording_a_part_keeps_what_was_not_looked_at(repository):
    """Recording one file must not remove the others, which would then fail."""
    main(["check", "--write-baseline"])
    repository.write("new.jpg", picture(1500))
    repository.write("b.jpg", picture(3500))
    repository.git("add", "new.jpg")

    assert main(["check", "--write-baseline", "new.jpg"]) == 0

    assert recorded(repository)["files"] == {"a.jpg": 2000, "b.jpg": 3000, "new.jpg": 1500}
    assert main(["check", "new.jpg", "a.jpg"]) == 0
    assert main(["check", "b.jpg"]) == 1


def test_names_that_are_not_utf8_are_known_again(repository, capsys):
    """A name that is not UTF-8 must be recognised, and the file must stay ASCII."""
    names = [os.fsdecode(name) for name in (b"\xff.jpg", b"docs/caf\xe9.jpg", "ä 1.jpg".encode(), b"line\nbreak.jpg")]
    for name in names:
        repository.write(name, picture(2000))
    repository.git("add", "--all")

    assert main(["check", "--write-baseline"]) == 0
    assert set(recorded(repository)["files"]) == {"a.jpg", "b.jpg", *names}
    assert main(["check"]) == 0
    assert main(["check", *names]) == 0
    repository.write(names[0], picture(2001))
    capsys.readouterr()

    assert main(["check", names[0]]) == 1
    assert "\\udcff.jpg" in capsys.readouterr().out
    repository.write(names[0], picture(10))
    assert main(["check", names[0], "--update-baseline"]) == 0
    assert set(recorded(repository)["files"]) == {"a.jpg", "b.jpg", *names[1:]}


def test_updating_writes_nothing_where_nothing_is_resolved(repository):
    """An update without a resolved file must not write, even if a file has grown."""
    assert main(["check", "--update-baseline"]) == 1
    assert not (repository.folder / BASELINE_FILE).exists()
    main(["check", "--write-baseline"])
    # An editor may omit the last line break: a needless rewrite would add it.
    path = repository.write(BASELINE_FILE, json.dumps(recorded(repository)).encode())
    before = path.read_bytes(), path.stat().st_mtime_ns

    assert main(["check", "--update-baseline"]) == 0
    repository.write("a.jpg", picture(9000))
    assert main(["check", "--update-baseline"]) == 1
    assert main(["check", "--update-baseline", "--no-baseline"]) == 2

    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_checking_writes_nothing(repository):
    """A check reports resolved files and must not remove them: people decide that."""
    main(["check", "--write-baseline"])
    repository.write("a.jpg", picture(10))
    before = repository.hashes()

    assert main(["check"]) == 0
    assert main(["check", "--explain", "a.jpg"]) == 0

    assert repository.hashes() == before


def test_what_is_gone_or_excluded_is_resolved(repository, capsys):
    """A deleted or excluded file is no longer over budget, so it is resolved."""
    main(["check", "--write-baseline"])
    (repository.folder / "a.jpg").unlink()
    repository.write(".bytefit.toml", b'max-size = 1000\nexclude = ["b.jpg"]\n')
    capsys.readouterr()

    assert main(["check"]) == 0
    assert "resolved: *.jpg, a.jpg, b.jpg" in capsys.readouterr().out
    assert main(["check", "--update-baseline"]) == 0
    assert recorded(repository) == {"version": 1, "files": {}, "totals": {}}


def test_a_total_that_is_not_recorded_fails_and_is_not_added(repository):
    """A total with other globs is another total, so it must fail."""
    main(["check", "--write-baseline"])
    path = repository.write(BASELINE_FILE, json.dumps({**recorded(repository), "totals": {}}).encode())

    assert main(["check"]) == 1
    assert main(["check", "--update-baseline"]) == 1
    assert recorded(repository)["totals"] == {}
    assert main(["check", "--write-baseline"]) == 0
    assert recorded(repository)["totals"] == {"*.jpg": 5900}
    assert main(["check"]) == 0

    configuration = repository.folder / ".bytefit.toml"
    configuration.write_bytes(configuration.read_bytes().replace(b"*.jpg", b"**"))
    assert main(["check"]) == 1
    assert path.is_file()


def test_names_are_relative_to_the_configuration_wherever_one_stands(repository, monkeypatch):
    """The baseline must match the same image from every working directory."""
    repository.write("web/c.jpg", picture(2500))
    repository.git("add", "--all")
    monkeypatch.chdir(repository.folder / "web")

    assert main(["check", "--write-baseline", "c.jpg"]) == 0
    assert recorded(repository)["files"] == {"web/c.jpg": 2500}
    assert main(["check", "c.jpg", "--baseline", f"../{BASELINE_FILE}"]) == 0
    monkeypatch.chdir(repository.folder)
    assert main(["check", "web/c.jpg"]) == 0
    assert main(["check"]) == 1  # a.jpg and b.jpg


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("arguments", [["check"], ["check", "--update-baseline"], ["fix"], ["check", "--explain", "a"]])
def test_one_that_is_named_has_to_be_there(arguments, capsys):
    """A misspelt baseline in CI must be an error: without it, every old image would fail or be rewritten."""
    assert main([*arguments, "--baseline", "typo.json"]) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert "no baseline typo.json" in captured.err


@pytest.mark.parametrize("lowered", [b"max-size = 1999", b"max-size = 1"])
def test_a_lower_budget_makes_nothing_grow(repository, lowered):
    """Only more bytes count as growth: a lower budget must not fail recorded files."""
    main(["check", "--write-baseline"])
    repository.write(".bytefit.toml", lowered)

    assert main(["check", "a.jpg", "b.jpg"]) == 0
    assert main(["check", "fine.jpg"]) == (1 if lowered == b"max-size = 1" else 0)


def test_a_total_that_is_resolved_is_told(repository, capsys):
    """A resolved total must be reported, and removed together with resolved files."""
    main(["check", "--write-baseline"])
    for name in ("a.jpg", "b.jpg"):
        repository.write(name, picture(10))
    capsys.readouterr()

    assert main(["check"]) == 0
    assert capsys.readouterr().out.startswith("resolved: *.jpg, a.jpg, b.jpg; ")
    assert main(["check", "--update-baseline"]) == 0
    assert recorded(repository) == {"version": 1, "files": {}, "totals": {}}
