"""Which rule a file has: globs as git reads them, the last rule that matches."""

from __future__ import annotations

import os
import subprocess
from itertools import count

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bytefit.budgets.configuration import parse_configuration
from bytefit.budgets.rules import matches, rule_for, totals_of
from repositories import Repository

GLOBS = (
    *("*.jpg", "/a.jpg", "docs", "docs/", "docs/**", "docs/*.jpg", "**/raw/*.jpg", "a?.jpg", "[ab]*.jpg", "[!a]*.jpg"),
    *("docs/**/b.jpg", "\\#x.jpg", "\\!x.jpg", "with space.jpg", "**", "*", "*.JPG", "docs/raw/", "/docs/*", "ä*.jpg"),
)
NAMES = (
    *("a.jpg", "b.jpg", "A.JPG", "docs/a.jpg", "docs/b.jpg", "docs/raw/a.jpg", "docs/raw/deep/b.jpg", "raw/c.jpg"),
    *("ab.jpg", "#x.jpg", "!x.jpg", "with space.jpg", "ä.jpg", "web/docs/a.jpg", "docs.jpg", "line\nbreak.jpg"),
)


# Negated sets stand at the end of a name only: elsewhere pathspec lets them match a "/".
PIECES = ("a", "b", "*", "**", "?", "a*", "*b", "*.jpg", "a?b", "a.jpg", "[ab]", "[a-z]*", "[0-9].jpg", "[!a]", "a[^b]")
PLAIN = ("\\ a", "a b", "(a)", "\\*", "\\?", "\\[a\\]", "\\#a", "\\!a", "a\\ b", "a+$^|~", "A", ".a")
BODIES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", "", "/"]),
    st.lists(st.sampled_from((*PIECES, *PIECES, *PLAIN)), min_size=1, max_size=3).map("/".join),
    st.sampled_from(["", "", "", "/"]),
)
PARTS = ("a", "b", "ab", "bb", "a.jpg", "0.jpg", "a b", " a", "(a)", "*", "?", "[a]", "#a", "!a", "a+$^|~", "A", ".a")
SOME_NAMES = st.lists(
    st.lists(st.sampled_from((*PARTS, "line\nbreak.jpg")), min_size=1, max_size=1)
    | st.lists(st.sampled_from(PARTS), min_size=2, max_size=4),
    min_size=20,
    max_size=40,
    unique_by=tuple,
).map(lambda names: ["/".join(name) for name in names])


class Git:
    """Ask git about lists of globs, each in its own folder of one repository."""

    def __init__(self, folder):
        self.repository = Repository(folder)
        self.numbers = count()

    def ignored(self, globs, names):
        """Return the names that git ignores with these globs."""
        folder = f"{next(self.numbers)}"
        self.repository.write(f"{folder}/.gitignore", "".join(f"{glob}\n" for glob in globs).encode())
        done = subprocess.run(
            ["git", "check-ignore", "--no-index", "-z", "--stdin"],
            cwd=self.repository.folder / folder,
            env=self.repository.environment,
            input=b"".join(os.fsencode(name) + b"\0" for name in names),
            capture_output=True,
            check=False,
        )
        assert done.returncode in {0, 1}, done.stderr
        return {os.fsdecode(name) for name in done.stdout.split(b"\0") if name}


@pytest.fixture(scope="module")
def git(tmp_path_factory):
    """Return an object that asks git how it reads globs."""
    return Git(tmp_path_factory.mktemp("git"))


def selected(globs, names):
    """Return the names that the globs select."""
    return {name for name in names if matches(tuple(globs), name)}


@pytest.mark.parametrize("glob", GLOBS)
def test_globs_match_what_git_ignores_by_them(git, glob):
    """Our globs must match the same names as git's."""
    assert selected([glob], NAMES) == git.ignored([glob], NAMES)


@given(BODIES, SOME_NAMES)
def test_any_glob_matches_what_git_ignores_by_it(git, glob, names):
    """Any glob that a configuration accepts must match the same names as in git."""
    assume(not glob.endswith("/**/"))
    parse_configuration({"exclude": [glob]})

    assert selected([glob], names) == git.ignored([glob], names)


@given(st.lists(BODIES, min_size=1, max_size=3), BODIES, SOME_NAMES)
def test_a_negation_takes_out_what_git_takes_out_and_at_most_what_is_in_an_ignored_folder(git, globs, negation, names):
    """Git never searches an ignored folder; we ask about each file, so `!` always works."""
    assume(not any(glob.endswith("/**/") for glob in (*globs, negation)))
    globs = [*globs, f"!{negation}"]
    parse_configuration({"exclude": globs})

    ignored, chosen = git.ignored(globs, names), selected(globs, names)

    assert chosen <= ignored
    assert {name for name in ignored - chosen if "/" not in name} == set()


@pytest.mark.parametrize(
    ("globs", "name", "chosen"),
    [
        (["*.jpg", "!a.jpg"], "a.jpg", False),
        (["*.jpg", "!a.jpg"], "b.jpg", True),
        (["*.jpg", "!a.jpg", "docs/a.jpg"], "docs/a.jpg", True),
        (["*.jpg", "!docs/"], "docs/raw/a.jpg", True),  # as in git: the file's own glob matches below the folder
        (["docs/*", "!docs/a.jpg"], "docs/a.jpg", False),
        (["docs/**", "!docs/raw/**", "docs/raw/a.jpg"], "docs/raw/a.jpg", True),
        (["/a.jpg"], "docs/a.jpg", False),
        (["/a.jpg"], "a.jpg", True),
        (["docs/a.jpg"], "web/docs/a.jpg", False),
        (["docs"], "web/docs/a.jpg", True),
        (["docs/"], "docs", False),
        (["a [1].jpg"], "a 1.jpg", True),
        (["a \\[1\\].jpg"], "a [1].jpg", True),
        (["a \\[1\\].jpg"], "a 1.jpg", False),
        (["photo (1).jpg"], "docs/photo (1).jpg", True),
        (["*.jpg"], "quo\"te'.jpg", True),
        (["*.jpg"], "-x.jpg", True),
        (["*.jpg"], "line\nbreak.jpg", True),
        (["line?break.jpg"], "line\nbreak.jpg", True),
        (["docs/*.jpg"], os.fsdecode(b"docs/\xff\xfe.jpg"), True),
        (["docs/?.jpg"], os.fsdecode(b"docs/\xff.jpg"), True),
        (["docs/[!a].jpg"], os.fsdecode(b"docs/\xff.jpg"), True),
        (["a.jpg"], os.fsdecode(b"\xff/a.jpg"), True),
        (["\U0001f600*.jpg"], "\U0001f600 1.jpg", True),
    ],
)
def test_names_and_globs_of_all_kinds_match_as_git_has_it(git, globs, name, chosen):
    """Globs that people write must match as in git and as they are meant."""
    assert matches(tuple(globs), name) is chosen
    assert git.ignored(globs, [name]) == ({name} if chosen else set())


@pytest.mark.parametrize(
    ("globs", "name", "chosen"),
    [
        (["?.jpg"], "ä.jpg", True),  # git counts bytes, people letters
        (["old/", "!old/new.jpg"], "old/new.jpg", False),
        (["old", "!new.jpg"], "old/deep/new.jpg", False),
        (["docs/**", "!docs/raw/**"], "docs/raw/a.jpg", False),
    ],
)
def test_where_globs_are_meant_to_do_more_than_gits(git, globs, name, chosen):
    """Case matters, and a negation works inside a matched folder, unlike in git."""
    assert matches(tuple(globs), name) is chosen
    assert git.ignored(globs, [name]) == (set() if chosen else {name})


@pytest.mark.parametrize(
    ("glob", "name"),
    [
        ("*.jpg", "two\nlines/a.jpg"),
        ("a.jpg", "docs/two\nlines/a.jpg"),
        ("raw/", "two\nlines/raw/a.jpg"),
        ("**/a.jpg", "two\n/a.jpg"),
        ("*.jpg", "a.jpg\n"),
        ("/a.jpg", "a.jpg\n"),
    ],
)
def test_folders_with_line_breaks_match_as_git_has_it(git, glob, name):
    """A line break in a name must match like any other character."""
    assert selected([glob], [name]) == git.ignored([glob], [name])


@pytest.mark.parametrize(
    ("name", "budget"),
    [
        ("a.jpg", 500_000),
        ("docs/a.jpg", 1000),
        ("docs/raw/a.jpg", 2000),
        ("docs/raw/keep.jpg", 1000),
        ("\udcff.jpg", 500_000),
        ("docs/\udcff.jpg", 1000),
        ("old/docs/a.jpg", None),
        ("old/new.jpg", 500_000),
    ],
)
def test_the_last_rule_that_matches_holds(name, budget):
    """A negation removes files from a rule or from the excluded files."""
    configuration = parse_configuration(
        {
            "exclude": ["old/**", "!old/new.jpg"],
            "rules": [
                {"files": ["/docs/**"], "max-size": 1000},
                {"files": ["docs/raw/**", "!keep.jpg"], "max-size": 2000},
            ],
        }
    )

    rule = rule_for(name, configuration)

    assert (rule and rule.max_size) == budget


def test_a_file_counts_into_every_total_that_matches():
    """A file counts in every matching total, unless it is excluded."""
    totals = [{"files": ["a/**"], "max-size": 1}, {"files": ["*.jpg"], "max-size": 2}]
    configuration = parse_configuration({"exclude": ["old.jpg"], "totals": totals})

    found = {
        name: [total.max_size for total in totals_of(name, configuration)] for name in ("a/b.jpg", "b.jpg", "a/old.jpg")
    }

    assert found == {"a/b.jpg": [1, 2], "b.jpg": [2], "a/old.jpg": []}
