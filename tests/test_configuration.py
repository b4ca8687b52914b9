"""The configuration: every key, every mistake, and a schema that accepts exactly what the parser accepts."""

from __future__ import annotations

import json
import math
import re
import warnings
from importlib import resources

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pathspec import GitIgnoreSpec

from bytefit.budgets import configuration as module
from bytefit.budgets.configuration import GLOB_PATTERN, SIZE_PATTERN, load_configuration, parse_configuration
from bytefit.cli import main
from bytefit.errors import ConfigError

SCHEMA = json.loads(resources.files("bytefit.budgets").joinpath("configuration.schema.json").read_text("utf-8"))
ACCEPTED = Draft202012Validator(SCHEMA).is_valid

EVERYTHING = """\
max-size = "300KB"
max-width = 2000
max-height = 1500
min-quality = 50
min-score = 60.5
resize = true
metadata = "strip"
on-unreachable = "smallest"
slack = 0.02
effort = "fast"
skip = false
exclude = ["old/**"]
[[{0}rules]]
files = ["docs/**"]
max-size = 150_000
[[{0}rules]]
files = ["docs/raw/**", "!docs/raw/keep.jpg"]
skip = true
[[{0}totals]]
files = ["site/**"]
max-size = "20MiB"
"""
OPTIONS = {
    "min_quality": 50,
    "min_score": 60.5,
    "resize": True,
    "metadata": "strip",
    "on_unreachable": "smallest",
    "slack": 0.02,
    "effort": "fast",
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".bytefit.toml", EVERYTHING.format("")),
        (".bytefit.toml", "[tool.bytefit]\n" + EVERYTHING.format("tool.bytefit.")),
        ("pyproject.toml", "[project]\nname = 'x'\n[tool.bytefit]\n" + EVERYTHING.format("tool.bytefit.")),
    ],
    ids=["own file", "own file with the table", "pyproject"],
)
def test_every_key_is_read(tmp_path, name, text):
    """From either file; what a rule leaves out is as at the top level."""
    (tmp_path / name).write_text(text, encoding="utf-8")

    read = load_configuration(str(tmp_path))

    assert (read.base, read.file, read.exclude) == (str(tmp_path), name, ("old/**",))
    assert read.default[2:] == (300_000, 2000, 1500, False, OPTIONS)
    assert [rule[1:] for rule in read.rules] == [
        (("docs/**",), 150_000, 2000, 1500, False, OPTIONS),
        (("docs/raw/**", "!docs/raw/keep.jpg"), 300_000, 2000, 1500, True, OPTIONS),
    ]
    assert [total[1:] for total in read.totals] == [(("site/**",), 20 * 1024**2)]
    assert all(name in rule.label for rule in (*read.rules, *read.totals))


def test_without_a_configuration_a_file_may_have_500_kb(tmp_path):
    """As with pre-commit's own check of large files, and nothing else is limited."""
    read = load_configuration(str(tmp_path))

    assert read.default[1:] == ((), 500_000, None, None, False, {})
    assert (read.file, read.rules, read.totals, read.exclude) == (None, (), (), ())


def test_the_nearest_configuration_counts_up_to_the_top_of_the_repository(tmp_path):
    """A file above the repository is somebody else's."""
    below = tmp_path / "repository" / "web" / "images"
    below.mkdir(parents=True)
    (tmp_path / ".bytefit.toml").write_text('max-size = "1KB"\n', encoding="utf-8")
    assert load_configuration(str(below)).default.max_size == 1000

    (tmp_path / "repository" / ".git").write_text("gitdir: elsewhere\n", encoding="utf-8")
    assert load_configuration(str(below)).default.max_size == 500_000
    assert load_configuration(str(below)).base == str(tmp_path / "repository")

    (tmp_path / "repository" / "pyproject.toml").write_text("[tool.bytefit]\nmax-size = '2KB'\n", encoding="utf-8")
    assert load_configuration(str(below)).default.max_size == 2000

    (tmp_path / "repository" / "web" / ".bytefit.toml").write_text("max-size = '3KB'\n", encoding="utf-8")
    nearest = load_configuration(str(below))
    assert (nearest.default.max_size, nearest.base) == (3000, str(tmp_path / "repository" / "web"))
    assert nearest.file == "../.bytefit.toml"


def test_a_pyproject_without_the_table_configures_nothing(tmp_path):
    """Whether it mentions bytefit or not; one that is broken and does not mention it is nobody's business here."""
    path = tmp_path / "pyproject.toml"
    for text in ("[project]\nname = 'x'\n", "[project]\ndependencies = ['bytefit']\n", "= broken"):
        path.write_text(text, encoding="utf-8")

        assert load_configuration(str(tmp_path)).file is None


def test_what_is_given_stands_in_for_the_top_level_and_rules_still_win(tmp_path):
    """A hook's arguments are defaults; what is said of some files in particular holds."""
    (tmp_path / ".bytefit.toml").write_text(EVERYTHING.format(""), encoding="utf-8")

    read = load_configuration(str(tmp_path), given={"max-size": 7, "slack": 0.5})

    assert (read.default.max_size, read.default.options["slack"], read.default.label) == (7, 0.5, "the command line")
    assert [rule.max_size for rule in read.rules] == [150_000, 7]


def test_another_file_can_be_named(tmp_path):
    """Its globs start in its own folder."""
    (tmp_path / "ci").mkdir()
    file = tmp_path / "ci" / "budgets.toml"
    file.write_text('max-size = "1KB"\n', encoding="utf-8")

    read = load_configuration(str(tmp_path), file=str(file))

    assert (read.default.max_size, read.base) == (1000, str(tmp_path / "ci"))


MISTAKES = {
    'max-sise = "1KB"': ".bytefit.toml: unknown key 'max-sise': did you mean 'max-size'?",
    "zzz = 1": ".bytefit.toml: unknown key 'zzz': it takes effort, exclude,",
    'max-size = "200KO"': ".bytefit.toml: max-size = \"200KO\": unknown unit 'KO'",
    "max-size = 0": ".bytefit.toml: max-size = 0: give at least 1 byte",
    "max-size = 1.5": "max-size = 1.5: give at least 1 byte: a whole number",
    "max-size = true": "max-size = true: give at least 1 byte",
    "max-size = [1]": "max-size = [1]: give at least 1 byte",
    "max-width = 0": "max-width = 0: give a whole number of pixels",
    "min-quality = 101": "min-quality = 101: give a number from 0 to 100",
    "min-score = 100": "min-score = 100: give a number below 100",
    "min-score = nan": "min-score = nan: give a number below 100",
    "slack = 1": "slack = 1: give a share of the budget",
    "resize = 1": "resize = 1: give true or false",
    'effort = "bets"': 'effort = "bets": use one of "fast", "normal", "best"; did you mean \'best\'?',
    'metadata = "all"': 'metadata = "all": use one of "keep", "orientation+icc", "strip"',
    "exclude = 'a'": 'exclude = "a": write a list of globs',
    "exclude = [1]": "exclude = [1]: write a list of globs",
    "rules = 1": "rules is a number: write an array of tables, [[rules]]",
    "rules = [1]": "[[rules]] 1 is a number: it has to be a table",
    "[[rules]]\nmax-size = 1": "[[rules]] 1: files is missing",
    "[[rules]]\nfiles = []": "[[rules]] 1: files is missing",
    "[[rules]]\nfiles = ['a']\n[[rules]]\nfiles = ['b']\nmax_size = 1": (
        "[[rules]] 2: unknown key 'max_size': did you mean 'max-size'?"
    ),
    "[[rules]]\nfiles = ['a']\nexclude = ['b']": "[[rules]] 1: unknown key 'exclude'",
    "[[totals]]\nfiles = ['a']": "[[totals]] 1: max-size is missing",
    "[[totals]]\nfiles = ['a']\nmax-size = 1\nslack = 0": "[[totals]] 1: unknown key 'slack'",
    "max-size = ": ".bytefit.toml is not TOML: ",
    "exclude = ['*.{jpg,png}']": "has braces, which globs of .gitignore do not know",
    "exclude = ['./a.jpg']": "would never match: globs start in the configuration's folder",
    "exclude = ['../a.jpg']": "would never match",
    "exclude = ['a//b']": "would never match: it has an empty folder name",
    "exclude = ['@(a|b).jpg']": "has '(...)', which globs of .gitignore do not know",
    "exclude = ['a\\b']": "has a backslash: folders are separated by '/'",
    "exclude = ['']": "names nothing",
    "exclude = ['!']": "names nothing",
    "exclude = ['/']": "names nothing",
    "exclude = ['[a']": "has a set that cannot be read",
    "exclude = ['[z-a]']": "has a set that cannot be read",
    "exclude = ['a ']": "is not one of .gitignore: it has a space at an end",
    "exclude = ['#a']": "is not one of .gitignore",
    'exclude = ["a\\nb"]': "is not one of .gitignore",
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.items(), ids=range(len(MISTAKES)))
def test_a_mistake_is_one_line_that_names_place_and_way_out(tmp_path, monkeypatch, capsys, text, message):
    """And exit code 2."""
    (tmp_path / ".bytefit.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    code = main(["check"])

    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert captured.err.startswith("bytefit: error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_a_mistake_in_pyproject_names_the_table(tmp_path):
    """People see only the last lines of what a hook prints."""
    (tmp_path / "pyproject.toml").write_text("[[tool.bytefit.rules]]\nfiles=['a']\nslak=1\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=re.escape("pyproject.toml [[tool.bytefit.rules]] 1: unknown key 'slak'")):
        load_configuration(str(tmp_path))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({".bytefit.toml": "", "pyproject.toml": "[tool.bytefit]\n"}, "both configure: keep one of the two"),
        ({".bytefit.toml": "slack = 0\n[tool.bytefit]\n"}, "holds [tool.bytefit] and other keys beside it"),
        ({"pyproject.toml": "[tool]\nbytefit = 1\n"}, "tool.bytefit is a number: it has to be a table"),
        ({".bytefit.toml": b"\xff"}, "is not TOML"),
    ],
)
def test_files_that_contradict_are_errors(tmp_path, files, message):
    """Nothing is guessed."""
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(ConfigError, match=re.escape(message)):
        load_configuration(str(tmp_path))


def test_a_file_that_is_named_has_to_configure(tmp_path):
    """A pyproject.toml without the table is no configuration."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"holds no \[tool.bytefit\]"):
        load_configuration(str(tmp_path), file=str(tmp_path / "pyproject.toml"))
    with pytest.raises(FileNotFoundError):
        load_configuration(str(tmp_path), file=str(tmp_path / "missing.toml"))


def test_the_schema_is_one_and_has_the_parsers_keys_and_patterns():
    """What is added to one is added to the other."""
    Draft202012Validator.check_schema(SCHEMA)
    definitions, rule = SCHEMA["$defs"], SCHEMA["properties"]["rules"]["items"]["properties"]

    assert set(SCHEMA["properties"]) == {*module._CHECKS, "exclude", "rules", "totals"}
    assert set(rule) == {*module._CHECKS, "files"}
    assert definitions["max-size"]["oneOf"][1]["pattern"] == SIZE_PATTERN
    assert definitions["globs"]["items"]["pattern"] == definitions["some-globs"]["items"]["pattern"] == GLOB_PATTERN


def accepted(document) -> bool:
    """Return whether the parser accepts a document."""
    try:
        parse_configuration(document)
    except ConfigError:
        return False
    return True


NUMBERS = st.integers(-3, 110) | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.just(10**15)
SIZES = (
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", " ", "+", "-", "0", "00"]) | st.integers(0, 2000).map(str),
        st.sampled_from(["", ".", ".5", ".0", ".001", ".0001", ".000000001", "e3", "_0"]) | st.integers(0, 99).map(str),
        st.sampled_from(["", " ", "  ", "\t"]),
        st.sampled_from(["", "B", "b", "KB", "kB", "KiB", "kib", "MB", "GiB", "TB", "K", "KO"]),
    )
    | st.from_regex(SIZE_PATTERN)
    | st.text(max_size=6)
)
GLOBS = (
    st.text(st.sampled_from("ab*?![]{}()/\\#@+^-_. ,~ä09\n"), max_size=8)
    | st.from_regex(GLOB_PATTERN)
    | st.sampled_from(["docs/**/*.png", "!keep.jpg", "/a", "[a-z]x", "[!0-9]", "\\#a", "photo (1).jpg"])
)
ANY = st.none() | st.booleans() | NUMBERS | SIZES | GLOBS | st.lists(GLOBS, max_size=2) | st.just({})
VALUES = {
    **dict.fromkeys(("max-size",), SIZES | NUMBERS),
    **dict.fromkeys(("max-width", "max-height", "min-quality", "min-score", "slack"), NUMBERS | st.floats(0, 1)),
    **dict.fromkeys(("resize", "skip"), st.booleans()),
    "metadata": st.sampled_from(["keep", "strip", "orientation+icc", "Keep"]),
    "on-unreachable": st.sampled_from(["error", "smallest", ""]),
    "effort": st.sampled_from(["fast", "normal", "best", "slow"]),
}
LIMITS = st.fixed_dictionaries({}, optional={key: value | ANY for key, value in VALUES.items()})
FILES = st.fixed_dictionaries({}, optional={"files": st.lists(GLOBS, max_size=2) | ANY})
EXTRA = st.dictionaries(st.sampled_from(["exclude", "files", "max_size", "slak"]), ANY, max_size=1)


def merged(*strategies):
    """Return a strategy of dictionaries with the keys of several."""
    return st.tuples(*strategies).map(lambda parts: {key: value for part in parts for key, value in part.items()})


DOCUMENTS = merged(
    LIMITS,
    st.fixed_dictionaries(
        {},
        optional={
            "exclude": st.lists(GLOBS, max_size=2) | ANY,
            "rules": st.lists(merged(FILES, LIMITS, EXTRA), max_size=2) | ANY,
            "totals": st.lists(
                merged(FILES, st.fixed_dictionaries({}, optional={"max-size": SIZES | NUMBERS}), EXTRA), max_size=2
            )
            | ANY,
        },
    ),
    st.just({}) | EXTRA,
)


@given(DOCUMENTS)
def test_schema_and_parser_accept_the_same_documents(document):
    """What an editor marks as wrong is wrong, and what it lets pass passes."""
    assert ACCEPTED(document) == accepted(document), document


@pytest.mark.parametrize("key", VALUES)
@given(data=st.data())
def test_schema_and_parser_accept_the_same_values(key, data):
    """Of every key by itself, so that none hides behind another's mistake."""
    value = data.draw(VALUES[key] | ANY)

    assert ACCEPTED({key: value}) == accepted({key: value})
    rule = {"files": ["*.jpg"], key: value}
    assert ACCEPTED({"rules": [rule]}) == accepted({"rules": [rule]})


@given(GLOBS | st.text(max_size=10))
def test_schema_and_parser_accept_the_same_globs_and_pathspec_can_read_them(glob):
    """No glob passes that would fail, or warn, when the first file is looked up."""
    assert ACCEPTED({"exclude": [glob]}) == accepted({"exclude": [glob]})
    assume(accepted({"exclude": [glob]}))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GitIgnoreSpec.from_lines([glob]).match_file("a/b.jpg")


@given(st.integers(1, 10**6), st.sampled_from(["B", "KB", "KiB", "MB"]))
def test_sizes_are_those_of_the_command_line(number, unit):
    """One way to write a size everywhere."""
    factor = {"B": 1, "KB": 1000, "KiB": 1024, "MB": 1000**2}[unit]

    assert parse_configuration({"max-size": f"{number} {unit}"}).default.max_size == number * factor
    assert math.isclose(parse_configuration({"max-size": float(number)}).default.max_size, number)
