"""The comment on a pull request: read back by a reader of Markdown, short, and silent where nothing is to be said."""

from __future__ import annotations

import html
import re
import shlex

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from test_reporters import CASES, COMPARISON, FIXES, NASTY, TOTAL, audit, audits, finding

from bytefit.budgets.changes import Change, Comparison, Seen
from bytefit.budgets.findings import Unreadable
from bytefit.codecs import Trial
from bytefit.fitting.result import Encode
from bytefit.reporters import render
from bytefit.reporters.markdown import MARKER

MOST = 65_536
CHANGE = Change("a.jpg", "a.jpg", "grown", 90_000, 95_000, 100_000, "JPEG", "the default")


@pytest.fixture(autouse=True)
def outside_of_git(monkeypatch, tmp_path_factory):
    """Leave the checkout, below whose top a command begins with its folder."""
    monkeypatch.chdir(tmp_path_factory.getbasetemp())


def tables(text):
    """Return the rows of every table in a comment, each a list of cells without their markup; heads included."""
    rows, found = [], []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "table_open":
            rows = []
            found.append(rows)
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and token.level >= 3 and rows:
            rows[-1].append("".join(child.content for child in token.children if child.type == "text"))
    return found


def names_in(text):
    """Return the names in the main table."""
    head, *rows = tables(text)[0]
    return [row[head.index("image")] for row in rows]


@pytest.mark.parametrize("case", ["clean", "compared with nothing"])
def test_nothing_to_say_is_an_empty_report(case):
    """A comment that says nothing is noise, so the workflow posts none for an empty report."""
    assert render(CASES[case], "markdown") == ""
    assert render(audit(finding(recorded=250_000), comparison=COMPARISON), "markdown") == ""


def test_what_fails_stands_first_with_its_change():
    """A reviewer needs the verdict in the first line, then the worst image with its size before and now."""
    text = render(CASES["compared"], "markdown")

    marker, verdict, _, head, _, *rows = text.splitlines()
    assert marker == MARKER
    assert verdict.startswith(
        "**1 of 4 images over budget, by 150 kB in all; 1 total over budget.** Compared with main"
    )
    assert "1 new, 1 grown, 1 replaced, 1 shrunk, 1 removed; all images 200 kB -> 380 kB (+180 kB)" in verdict
    assert verdict.endswith(" 1 image lost visibly (SSIMULACRA2 below 70).")
    assert head == "|  | image | before | size | change | over by | budget | score |"
    assert rows[0].startswith("| **over** | 7 files of <code>site/")
    assert rows[1].startswith("| **over**, new | <code>docs/a.jpg</code> |  | 250 kB | +250 kB | 150 kB | 100 kB |")
    assert [row.split(" | ")[0] for row in rows[2:6]] == ["| grown", "| replaced", "| shrunk", "| removed"]
    assert " | 41.5 **visible loss** |" in rows[3]
    assert "```sh\nbytefit fix docs/a.jpg\n```" in text


def test_an_image_that_grew_has_lost_nothing():
    """Its score says that it looks other than before, which may be better: no verdict on a loss."""
    text = render(audit(comparison=COMPARISON, changes=(CHANGE._replace(seen=Seen(41.5)),)), "markdown")

    assert "| 41.5 |" in text
    assert "lost visibly" not in text


def test_a_change_within_the_budgets_is_told_without_a_repair():
    """Nothing has to be repaired where all images are within their budgets."""
    text = render(audit(comparison=COMPARISON, changes=(CHANGE,)), "markdown")

    assert text.splitlines()[1].startswith("**All images are within their budgets.** Compared with main")
    assert "bytefit fix" not in text


def test_a_missing_base_is_said_once():
    """Without the base branch there is no delta, and the reader must learn why."""
    text = render(audit(finding(), comparison=Comparison("main", None, "git knows no commit 'main' here")), "markdown")

    assert "Not compared with <code>main</code>: git knows no commit &#39;main&#39; here." in text.splitlines()[1]


def test_a_fix_says_what_it_made_and_why_it_skipped():
    """The trials and the reasons are folded; the table has the sizes before and after."""
    trials = (Trial({}, 90_000, 0.1, 72),)
    encode = Encode("JPEG", 72, 1200, 800, 1.0, lossless=False, proven=False, trials=trials, probes=(), dropped=())
    fixed = FIXES[0]._replace(encode=encode)

    made = render(CASES["fixed"]._replace(changes=(fixed, *FIXES[1:])), "markdown")
    dry = render(CASES["dry run"], "markdown")

    assert "**bytefit made 1 of 3 images fit, 290 kB saved.**" in made
    assert "git add" in made
    assert "| fixed | <code>a.jpg</code> | 250 kB | 90 kB | -160 kB |  | 100 kB | 72 | 71.5 |" in made
    assert "| <code>a.jpg</code> | quality 72: 90 kB |" in made
    assert "<summary>Why images were skipped</summary>" in made
    assert "| would be fixed | <code>a.jpg</code> |" in dry
    assert "without `--dry-run`" in dry


def test_ten_images_stand_above_the_fold():
    """A comment is read on a telephone: the rest is one click away."""
    text = render(CASES["many"], "markdown")

    above, folded = tables(text)[:2]
    assert [len(above), len(folded)] == [11, 16]
    assert "<details><summary>15 more images</summary>" in text
    assert text.count("<details>") == text.count("</details>") == 2
    assert "```sh\nbytefit fix\n```" in text  # too many names for a line


def test_a_comment_is_never_longer_than_allowed():
    """GitHub refuses a longer comment as a whole. The worst images must be those that stay."""
    names = (f"{'|`' * 150}{index:04}.jpg" for index in range(800))
    changes = [CHANGE._replace(path=name, name=name) for name in names]
    found = [finding(change.name, 900_000 - index) for index, change in enumerate(changes)]

    text = render(audit(*found, comparison=COMPARISON, changes=tuple(changes), totals=[TOTAL]), "markdown")

    assert len(text.encode()) <= MOST
    assert "more do not fit here: a comment has at most 65,536 characters." in text
    assert names_in(text)[1].endswith("0000.jpg")
    assert text.count("<details>") == text.count("</details>")


def test_a_command_names_files_as_a_shell_reads_them():
    """Whoever copies the command must get these files and nothing else; the fence must hold any name."""
    odd = ["a b.jpg", "$(touch pwned).jpg", "it's.jpg", "```x.jpg"]
    text = render(audit(*(finding(name) for name in odd)), "markdown")

    fence, command = re.search(r"^(`{3,})sh\n(.*)\n\1$", text, flags=re.MULTILINE).groups()
    assert sorted(shlex.split(command)[2:]) == sorted(odd)
    assert len(fence) > 3
    assert "bytefit fix\n" in render(audit(finding("line\nbreak.jpg")), "markdown")


def test_a_command_begins_at_the_top_of_the_repository(tmp_path, monkeypatch):
    """A reviewer is there, while a check may have been started below it."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    (tmp_path / "my site").mkdir()
    monkeypatch.chdir(tmp_path / "my site")

    assert "\ncd 'my site' && bytefit fix docs/a.jpg\n" in render(audit(finding()), "markdown")


def test_a_budget_of_the_command_line_is_repeated_in_the_command():
    """A fix without it would take another budget."""
    rule = finding().rule._replace(label="the command line")

    assert "bytefit fix --max-size=100000 docs/a.jpg" in render(audit(finding(rule=rule)), "markdown")


def test_files_that_cannot_be_read_are_told():
    """They are as little within their budget as they are over it."""
    text = render(audit(unreadable=(Unreadable("x.jpg", "x.jpg", "permission denied"),)), "markdown")

    assert "**1 file could not be read.**" in text
    assert "permission denied" in text


@given(audits)
def test_a_row_is_a_row_for_any_name(found):
    """The author of a pull request chooses the names: no markup, mention or link may come of them."""
    changes = tuple(CHANGE._replace(path=one.path, name=one.name) for one in found.findings)

    text = render(found._replace(changes=changes, comparison=COMPARISON), "markdown")

    lines = re.split(r"\r\n|\r|\n", text)
    head = next(line for line in lines if line.startswith("|"))
    assert {line.count("|") for line in lines if line.startswith("| **over**")} == {head.count("|")}
    assert all(
        re.fullmatch(r"(?:[^<@]|</?(?:code|details|summary)>|<!-- bytefit -->)*", line)
        for line in lines
        if "bytefit fix" not in line
    )
    html_tags = re.findall(r"<[^>]*>", re.sub(r"`{3,}sh\n.*\n`{3,}", "", text))
    assert set(html_tags) <= {"<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>", MARKER}


def test_names_are_read_back_as_they_are():
    """A reader must recognise the file; only what cannot be printed is written as an escape."""
    text = render(CASES["nasty"], "markdown")

    assert sorted(names_in(text)) == sorted(
        "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name) for name in NASTY
    )
    assert html.unescape(text) != text
