"""The configuration: every key, every mistake, and a schema that accepts exactly what the parser accepts."""

from __future__ import annotations

import json
import math
import re
import string
import warnings
from importlib import resources

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pathspec import GitIgnoreSpec
from regress import Regex

from bytefit.budgets.configuration import load_configuration, parse_configuration
from bytefit.budgets.keys import CHECKS, GLOB_PATTERN, SIZE_PATTERN, TOO_LARGE
from bytefit.cli.main import main
from bytefit.errors import ConfigError
from bytefit.options import OPTIONS as ALL_OPTIONS
from bytefit.options.save_options import SAVE_OPTIONS
from repositories import Repository

SCHEMA = json.loads(resources.files("bytefit.budgets").joinpath("configuration.schema.json").read_text("utf-8"))
ACCEPTED = Draft202012Validator(SCHEMA).is_valid
RULE = SCHEMA["properties"]["rules"]["items"]["properties"]
TOTAL = SCHEMA["properties"]["totals"]["items"]["properties"]

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
max-pixels = 200_000_000
models = "/own/models"
colours = "srgb"
depth = 8
save-options = {{ progressive = false }}
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
    "colours": "srgb",
    "depth": 8,
    "save_options": {"progressive": False},
    "on_unreachable": "smallest",
    "slack": 0.02,
    "effort": "fast",
    "max_pixels": 200_000_000,
    "models": "/own/models",
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
    """Both files must accept every key, and a rule inherits the keys it omits from the top level."""
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
    """The default budget is that of pre-commit's check for large files, and nothing else is limited."""
    read = load_configuration(str(tmp_path))

    assert read.default[1:] == ((), 500_000, None, None, False, {})
    assert (read.file, read.rules, read.totals, read.exclude) == (None, (), (), ())


LIMITS_OF_FILES = {"max-width", "max-height"}  # options of `compress`, but for a check the limits of a file


def test_every_option_of_the_configuration_is_a_key():
    """What a rule says of a fix must reach `compress` under the name it has there."""
    assert list(CHECKS) == ["max-size", *(it.key for it in ALL_OPTIONS if it.in_configuration), "save-options", "skip"]
    assert {key.replace("-", "_") for key in set(CHECKS) - LIMITS_OF_FILES} - {"max_size", "skip"} == set(OPTIONS)


def test_the_schema_defines_the_save_options_as_their_table_does():
    """An editor has to accept the names and values that the parser accepts, and no others."""
    for option in SAVE_OPTIONS.values():
        least, most, _ = option.bounds
        bounds = {word: bound for word, bound in {"minimum": least, "maximum": most}.items() if bound is not None}
        accepted = {"enum": list(option.choices)} if option.choices else {"type": option.value_type}
        assert SCHEMA["$defs"]["save-options"]["properties"][option.name] == {**accepted, **bounds}
    assert set(SCHEMA["$defs"]["save-options"]["properties"]) == set(SAVE_OPTIONS)


def definition_of(option):
    """Return what the JSON schema has to say of an option, without its description."""
    least, most, below = option.bounds
    bounds = {"minimum": least, "maximum": most, "exclusiveMaximum": below}
    if option.value_type == "integer":
        bounds["exclusiveMaximum"] = TOO_LARGE
    accepted = {"enum": list(option.choices)} if option.choices else {"type": option.value_type}
    if option.value_type == "policy":
        accepted = {"type": "string", "pattern": SCHEMA["$defs"]["metadata"]["pattern"]}
    if option.value_type == "path":
        accepted = {"type": "string", "minLength": 1}
    default = {} if option.default is None else {"default": option.default}
    return {**accepted, **{word: bound for word, bound in bounds.items() if bound is not None}, **default}


@pytest.mark.parametrize("option", [it for it in ALL_OPTIONS if it.in_configuration], ids=lambda option: option.key)
def test_the_schema_defines_an_option_as_the_table_does(option):
    """An editor has to show and accept what the parser does: type, bounds, choices, default, and the same help."""
    definition = dict(SCHEMA["$defs"][option.key])
    description = definition.pop("description")

    assert definition == definition_of(option)
    if option.key not in LIMITS_OF_FILES:
        assert description == f"{option.help[0].upper()}{option.help[1:]}."


def test_the_other_defaults_in_the_schema_are_those_that_hold():
    """An editor shows them."""
    without = parse_configuration({}).default

    assert (
        parse_configuration({"max-size": SCHEMA["$defs"]["max-size"]["default"]}).default.max_size == without.max_size
    )
    assert without.skip is SCHEMA["$defs"]["skip"]["default"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_the_nearest_configuration_counts_up_to_the_top_of_the_repository(tmp_path, kind):
    """The search stops at the top of a repository, worktree or submodule."""
    below = tmp_path / "repository" / "web" / "images"
    below.mkdir(parents=True)
    (tmp_path / ".bytefit.toml").write_text('max-size = "1KB"\n', encoding="utf-8")
    assert load_configuration(str(below)).default.max_size == 1000

    git = tmp_path / "repository" / ".git"
    if kind == "folder":
        Repository(tmp_path / "repository")
    else:
        git.write_text("gitdir: elsewhere\n", encoding="utf-8")
    assert git.is_dir() == (kind == "folder")
    assert load_configuration(str(below)).default.max_size == 500_000
    assert load_configuration(str(below)).base == str(tmp_path / "repository")

    (tmp_path / "repository" / "pyproject.toml").write_text("[tool.bytefit]\nmax-size = '2KB'\n", encoding="utf-8")
    assert load_configuration(str(below)).default.max_size == 2000

    (tmp_path / "repository" / "web" / ".bytefit.toml").write_text("max-size = '3KB'\n", encoding="utf-8")
    nearest = load_configuration(str(below))
    assert (nearest.default.max_size, nearest.base) == (3000, str(tmp_path / "repository" / "web"))
    assert nearest.file == "../.bytefit.toml"


def test_a_pyproject_without_the_table_configures_nothing(tmp_path):
    """A pyproject.toml without the table is ignored; one that does not mention bytefit may even be broken."""
    path = tmp_path / "pyproject.toml"
    for text in ("[project]\nname = 'x'\n", "[project]\ndependencies = ['bytefit']\n", "= broken"):
        path.write_text(text, encoding="utf-8")

        assert load_configuration(str(tmp_path)).file is None


def test_what_is_given_stands_in_for_the_top_level_and_rules_still_win(tmp_path):
    """Arguments replace the top level of the file, and rules override both."""
    (tmp_path / ".bytefit.toml").write_text(EVERYTHING.format(""), encoding="utf-8")

    read = load_configuration(str(tmp_path), given={"max-size": 7, "slack": 0.5})

    assert (read.default.max_size, read.default.options["slack"], read.default.label) == (7, 0.5, "the command line")
    assert [rule.max_size for rule in read.rules] == [150_000, 7]
    assert [rule.options["slack"] for rule in read.rules] == [0.5, 0.5]
    assert read.default.options["effort"] == "fast"


@pytest.mark.parametrize(("size", "code"), [("1KB", 1), ("2KB", 0), ("1B", 1)])
def test_the_budget_of_the_command_line_is_for_what_no_rule_speaks_of(tmp_path, monkeypatch, size, code):
    """`--max-size` must replace the default budget and keep the budgets of rules."""
    (tmp_path / ".bytefit.toml").write_text(
        'max-size = "1GB"\n[[rules]]\nfiles = ["icon.jpg"]\nmax-size = "3KB"\n', encoding="utf-8"
    )
    (tmp_path / "icon.jpg").write_bytes(b"\xff\xd8\xff".ljust(3000))
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff".ljust(2000))
    monkeypatch.chdir(tmp_path)

    assert main(["check", "--max-size", size, "icon.jpg"]) == 0
    assert main(["check", "--max-size", size, "icon.jpg", "photo.jpg"]) == code


def test_another_file_can_be_named(tmp_path):
    """The globs of a file named with `--config` are relative to its folder."""
    (tmp_path / "ci").mkdir()
    file = tmp_path / "ci" / "budgets.toml"
    file.write_text('max-size = "1KB"\n', encoding="utf-8")

    read = load_configuration(str(tmp_path), file=str(file))

    assert (read.default.max_size, read.base) == (1000, str(tmp_path / "ci"))


MISTAKES = {
    'max-sise = "1KB"': ".bytefit.toml: unknown key 'max-sise': did you mean 'max-size'?",
    "zzz = 1": ".bytefit.toml: unknown key 'zzz': it takes colours, depth,",
    "rule = []": "unknown key 'rule': did you mean 'rules'?",
    "[tool.other]": ".bytefit.toml: unknown key 'tool'",
    '"a\\nb\\u2028" = 1': "unknown key 'a\\nb\\u2028'",
    'max-size = "200KO"': ".bytefit.toml: max-size = \"200KO\": unknown unit 'KO'",
    "max-size = 0": ".bytefit.toml: max-size = 0: give at least 1 byte",
    "max-size = 1.5": "max-size = 1.5: give at least 1 byte: a whole number",
    "max-size = true": "max-size = true: give at least 1 byte",
    "max-size = 1979-05-27": "max-size = datetime.date(1979, 5, 27): give at least 1 byte",
    "max-size = 1e15": "max-size = 1000000000000000.0: give at least 1 byte",
    "max-size = inf": "max-size = inf: give at least 1 byte",
    "max-size = nan": "max-size = nan: give at least 1 byte",
    f"max-size = 0x{'f' * 5000}": "max-size = a number with thousands of digits: give at least 1 byte",
    f"max-size = {'9' * 5000}": ".bytefit.toml has a number too long or tables nested too deeply to read",
    f"exclude = {'[' * 5000}{']' * 5000}": ".bytefit.toml has a number too long or tables nested too deeply to read",
    'max-size = "1 KB\\n"': 'max-size = "1 KB\\n": write a number and a unit',
    'max-size = "0.5B"': 'max-size = "0.5B": ',
    'max-size = "1_000"': 'max-size = "1_000": write a number and a unit',
    'max-size = "-1KB"': "size '-1KB' is not positive",
    'max-size = ""': "max-size = \"\": cannot read size ''",
    "max-size = [1]": "max-size = [1]: give at least 1 byte",
    "max-width = 0": "max-width = 0 is not a width in pixels: give a whole number from 1 up",
    "min-quality = 101": "min-quality = 101 is not a quality: give a number from 0 to 100",
    "min-score = 100": "min-score = 100 is not on the scale of SSIMULACRA2: give a number below 100",
    "min-score = nan": "min-score = nan is not on the scale of SSIMULACRA2: give a number below 100",
    "min-score = -inf": "min-score = -inf is not on the scale of SSIMULACRA2: give a number below 100",
    f"min-score = -1{'0' * 400}": "0 ... is not on the scale of SSIMULACRA2: give a number below 100",
    "min-quality = -1": "min-quality = -1 is not a quality: give a number from 0 to 100",
    "min-quality = true": "min-quality = true is not a quality: give a number from 0 to 100",
    "max-height = 10.5": "max-height = 10.5 is not a height in pixels: give a whole number",
    'max-width = "10"': 'max-width = "10" is not a width in pixels: give a whole number',
    "slack = -0.1": "slack = -0.1 is not a share of the budget: give a number",
    'slack = "5%"': 'slack = "5%" is not a share of the budget: give a number',
    'skip = "yes"': 'skip = "yes" is neither true nor false',
    'on-unreachable = "smalest"': "did you mean 'smallest'?",
    'effort = "a\\rb\\u001b[31m\\u2028"': 'effort = "a\\rb\\x1b[31m\\u2028": use one of "fast"',
    "slack = 1": "slack = 1 is not a share of the budget: give a number",
    "resize = 1": "resize = 1 is neither true nor false",
    'effort = "bets"': 'effort = "bets": use one of "fast", "normal", "best"; did you mean \'best\'?',
    'metadata = "all"': "metadata = \"all\" is not a metadata policy: give 'keep', 'strip', groups as in",
    "exclude = 'a'": 'exclude = "a": write a list of globs',
    "exclude = [1]": "exclude = [1]: write a list of globs",
    "rules = 1": "rules is a number: write an array of tables, [[rules]]",
    "[rules]\nfiles = ['a']": "rules is a table: write an array of tables, [[rules]]",
    "[totals]": "totals is a table: write an array of tables, [[totals]]",
    "rules = [1]": "[[rules]] 1 is a number: write a table",
    "[[rules]]\nmax-size = 1": "[[rules]] 1: files is missing",
    "[[rules]]\nfiles = []": "[[rules]] 1: files is missing",
    "[[rules]]\nfiles = ['a']\n[[rules]]\nfiles = ['b']\nmax_size = 1": (
        "[[rules]] 2: unknown key 'max_size': did you mean 'max-size'?"
    ),
    "[[rules]]\nfiles = ['a']\nexclude = ['b']": "[[rules]] 1: unknown key 'exclude'",
    "[[rules]]\nfiles = 'a'": '[[rules]] 1: files = "a": write a list of globs',
    "[[rules]]\nfiles = ['a']\n[[rules.rules]]": "[[rules]] 1: unknown key 'rules'",
    "[[totals]]\nmax-size = 1": "[[totals]] 1: files is missing",
    "[[totals]]\nfiles = ['a']": "[[totals]] 1: max-size is missing",
    "[[totals]]\nfiles = ['a']\nmax-size = 1\nslack = 0": "[[totals]] 1: unknown key 'slack'",
    "max-size = ": ".bytefit.toml is not TOML: ",
    "exclude = ['*.{jpg,png}']": "has braces, which .gitignore does not support",
    **{
        f"exclude = ['{glob}']": "would never match: globs start in the configuration's folder, without '.' or '..'"
        for glob in (".", "..", "./", "./a.jpg", "../a.jpg", "/./a.jpg", "a/./b", "a/../b", "a/.", "a/..")
    },
    "exclude = ['a', '!./a']": "would never match",
    "exclude = ['***']": "has more than two stars",
    "exclude = ['a/***/b']": "has more than two stars",
    "exclude = ['a/**/']": "ends in '/**/': write '/**' for everything below",
    "exclude = ['!a', 'b']": "must not be the first, since it only removes files: start with files to include",
    "[[rules]]\nfiles = ['!a']": '[[rules]] 1: files: glob "!a" must not be the first',
    **{
        f"exclude = ['{glob}']": "has '(...)', which .gitignore does not support"
        for glob in ("?(a).jpg", "*(a|b)", "+(a)", "a/!(b).jpg")
    },
    "exclude = ['a}']": "has braces",
    "exclude = ['a\\']": "has a backslash",
    "exclude = ['a]']": "has a set that cannot be read",
    "exclude = ['[]a']": "has a set that cannot be read",
    "exclude = ['[]']": "has a set that cannot be read",
    "exclude = ['[[:alpha:]]']": "has a set that cannot be read",
    "exclude = ['[a,~~]']": "has a set that cannot be read",
    "exclude = ['[a/b]']": "has a set that cannot be read",
    "exclude = ['//']": "names nothing",
    "exclude = ['!/']": "names nothing",
    "exclude = [' a']": "is not valid in .gitignore",
    "exclude = ['!!a']": "is not valid in .gitignore",
    'exclude = ["a\\u007f"]': 'glob "a\\x7f" is not valid in .gitignore',
    "exclude = ['a//b']": "would never match: it has an empty folder name",
    "exclude = ['@(a|b).jpg']": "has '(...)', which .gitignore does not support",
    "exclude = ['a\\b']": "has a backslash: separate folders with '/'",
    "exclude = ['']": "names nothing",
    "exclude = ['!']": "names nothing",
    "exclude = ['/']": "names nothing",
    "exclude = ['[a']": "has a set that cannot be read",
    "exclude = ['[z-a]']": "has a set that cannot be read",
    "exclude = ['a ']": "is not valid in .gitignore: it starts or ends with a space",
    "exclude = ['#a']": "is not valid in .gitignore",
    'exclude = ["a\\nb"]': "is not valid in .gitignore",
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.items(), ids=range(len(MISTAKES)))
def test_a_mistake_is_one_line_that_names_place_and_way_out(tmp_path, monkeypatch, capsys, text, message):
    """A mistake must exit with 2 and one line with its place and a remedy."""
    (tmp_path / ".bytefit.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    code = main(["check"])

    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert captured.err.startswith("bytefit: error: ")
    assert captured.err.endswith("\n")
    assert len(captured.err.splitlines()) == 1  # also as terminals see it, for which a "\r" is a line's end
    assert message in captured.err


@pytest.mark.parametrize("table", ["", "[[rules]]\nfiles = ['a']\n"], ids=["top", "rule"])
@pytest.mark.parametrize("key", CHECKS)
def test_a_misspelt_key_is_told_the_nearest(key, table):
    """The error for a misspelt key or a Python name must suggest the valid key."""
    for slip in {key[:-1], key[1:], key[:2] + key[3] + key[2] + key[4:], key.replace("-", "_")} - {key}:
        document = {slip: 1} if not table else {"rules": [{"files": ["a"], slip: 1}]}

        with pytest.raises(ConfigError, match=f"unknown key '{slip}': did you mean '{key}'"):
            parse_configuration(document)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.bytefit]\nslak = 1\n", "pyproject.toml [tool.bytefit]: unknown key 'slak': did you mean 'slack'?"),
        (
            "[[tool.bytefit.rules]]\nfiles=['a']\nslak=1\n",
            "pyproject.toml [[tool.bytefit.rules]] 1: unknown key 'slak'",
        ),
        ("[[tool.bytefit.totals]]\nfiles=['a']\n", "pyproject.toml [[tool.bytefit.totals]] 1: max-size is missing"),
        ("[tool.bytefit.rules]\n", "write an array of tables, [[tool.bytefit.rules]]"),
        ("[tool.bytefit.totals]\n", "write an array of tables, [[tool.bytefit.totals]]"),
        ("[tool.bytefit\n", "pyproject.toml is not TOML: "),
    ],
)
def test_a_mistake_in_pyproject_names_the_table(tmp_path, text, message):
    """People see only the last lines of a hook, so the error must name the table."""
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=re.escape(message)):
        load_configuration(str(tmp_path))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({".bytefit.toml": "", "pyproject.toml": "[tool.bytefit]\n"}, "both configure bytefit: keep one of the two"),
        ({".bytefit.toml": "slack = 0\n[tool.bytefit]\n"}, "holds [tool.bytefit] and keys outside it"),
        ({"pyproject.toml": "[tool]\nbytefit = 1\n"}, "tool.bytefit is a number: write a table"),
        ({".bytefit.toml": b"\xff"}, "is not TOML"),
    ],
)
def test_files_that_contradict_are_errors(tmp_path, files, message):
    """Two configurations in one folder must be an error, not a guess."""
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(ConfigError, match=re.escape(message)):
        load_configuration(str(tmp_path))


def test_a_file_that_is_named_has_to_configure(tmp_path):
    """A file named with `--config` must have bytefit's table."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"has no \[tool.bytefit\] table"):
        load_configuration(str(tmp_path), file=str(tmp_path / "pyproject.toml"))
    with pytest.raises(FileNotFoundError):
        load_configuration(str(tmp_path), file=str(tmp_path / "missing.toml"))


def test_the_schema_is_one_and_has_the_parsers_keys_and_patterns():
    """The schema and the parser must have the same keys and patterns."""
    Draft202012Validator.check_schema(SCHEMA)

    assert set(SCHEMA["properties"]) == {*CHECKS, "exclude", "rules", "totals", "presets"}
    assert set(RULE) == {*CHECKS, "files"}
    assert set(TOTAL) == {"files", "max-size"}
    assert all(SCHEMA["properties"][key] == RULE[key] == {"$ref": f"#/$defs/{key}"} for key in CHECKS)
    assert SCHEMA["$defs"]["max-size"]["oneOf"][1]["pattern"] == SIZE_PATTERN
    assert SCHEMA["$defs"]["glob"]["pattern"] == GLOB_PATTERN


def accepted(document) -> bool:
    """Return whether the parser accepts a document; where it does not, it says why in one line."""
    try:
        parse_configuration(document)
    except ConfigError as error:
        said = str(error)
    else:
        return True
    assert len(said.splitlines()) == 1, said
    return False


WHOLE = st.integers(-3, 110) | st.integers() | st.sampled_from([10**15 - 1, 10**15, -(10**6), -(10**6) - 1, 10**400])
NUMBERS = WHOLE | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-3, 10**16).map(float)
GOOD_SIZES = st.from_regex(SIZE_PATTERN, fullmatch=True)
SIZES = (
    st.builds(
        "{}{}{}{}{}".format,
        st.sampled_from(["", " ", "+", "-", "0", "00"]),
        st.integers(0, 2000),
        st.sampled_from(["", ".", ".5", ".0", ".001", ".0001", ".000000001", "e3", "_0"]),
        st.sampled_from(["", " ", "  ", "\t", "\N{NO-BREAK SPACE}"]),
        st.sampled_from(["", "B", "b", "KB", "kB", "KiB", "kib", "MB", "GiB", "TB", "K", "KO", "KB\n", "kB "]),
    )
    | st.builds("0.{}{}".format, st.text("019", max_size=11), st.sampled_from(["", "B", "KB", " MiB", "gb"]))
    | st.builds("{}B".format, st.integers(10**13, 10**17))
    | GOOD_SIZES
    | st.text(max_size=6)
)
GOOD_GLOBS = st.from_regex(GLOB_PATTERN, fullmatch=True)
GLOBS = (
    # Pieces of which nearly anything is one character away from a glob, and back.
    st.lists(
        st.sampled_from(
            (*"ab*?!#@+-./ 09~", "**", "/**/", "***", "..", "//", "[", "]", "[ab]", "[!a-z]", "[~]", "[,~~]", "[a-]")
        )
        | st.sampled_from(("{a,b}", "(a)", "@(a)", "\\", "\\*", "\\ ", "\\a", ".jpg", "ä"))
        | st.sampled_from("\n\r\x7f\x85\u2028\ufeff"),
        max_size=6,
    ).map("".join)
    | st.text(st.sampled_from("ab*?![]{}()/\\#@+^-_. ,~ä09\n"), max_size=8)
    | GOOD_GLOBS
    | st.sampled_from(["docs/**/*.png", "!keep.jpg", "/a", "[a-z]x", "[!0-9]", "\\#a", "photo (1).jpg"])
)
ANY = st.none() | st.booleans() | NUMBERS | SIZES | GLOBS | st.lists(GLOBS, max_size=2) | st.just({})
VALUES = {
    **dict.fromkeys(("max-size",), SIZES | NUMBERS),
    **dict.fromkeys(
        ("max-width", "max-height", "max-pixels", "min-quality", "min-score", "slack"), NUMBERS | st.floats(0, 1)
    ),
    **dict.fromkeys(("resize", "skip"), st.booleans()),
    "metadata": st.sampled_from(["keep", "strip", "orientation+icc", "Keep"]),
    "on-unreachable": st.sampled_from(["error", "smallest", ""]),
    "effort": st.sampled_from(["fast", "normal", "best", "slow"]),
}
LIMITS = st.fixed_dictionaries({}, optional={key: value | ANY for key, value in VALUES.items()})
FILES = st.fixed_dictionaries({}, optional={"files": st.lists(GLOBS, max_size=2) | ANY})
EXTRA = st.dictionaries(st.sampled_from(["exclude", "files", "max_size", "slak"]), ANY, max_size=1)


def merged(*strategies):
    """Return a strategy for dictionaries with the keys of several strategies."""
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
    """Editors must mark a document as wrong if and only if the parser rejects it."""
    assert ACCEPTED(document) == accepted(document), document


GOOD_VALUES = {
    "max-size": GOOD_SIZES | st.integers(1, 10**15 - 1),
    **dict.fromkeys(
        ("max-width", "max-height", "max-pixels"), st.integers(1, 10**15 - 1) | st.integers(1, 10**6).map(float)
    ),
    "min-quality": st.integers(0, 100) | st.floats(0, 100),
    "min-score": st.integers(-(10**6), 99) | st.floats(-(10**6), 100, exclude_max=True),
    "slack": st.floats(0, 1, exclude_max=True) | st.just(0),
    **dict.fromkeys(("resize", "skip"), st.booleans()),
    **{key: st.sampled_from(SCHEMA["$defs"][key]["enum"]) for key in ("on-unreachable", "effort")},
    "metadata": st.sampled_from(["keep", "strip", "orientation+icc", "keep-gps-serial", "date"]),
}
LISTS = st.lists(GOOD_GLOBS, min_size=1, max_size=3).filter(lambda globs: not globs[0].startswith("!"))
GOOD_LIMITS = st.fixed_dictionaries({}, optional=GOOD_VALUES)
GOOD = merged(
    GOOD_LIMITS,
    st.fixed_dictionaries(
        {},
        optional={
            "exclude": LISTS | st.just([]),
            "rules": st.lists(merged(st.fixed_dictionaries({"files": LISTS}), GOOD_LIMITS), max_size=3),
            "totals": st.lists(
                st.fixed_dictionaries({"files": LISTS, "max-size": GOOD_VALUES["max-size"]}), max_size=2
            ),
        },
    ),
)


@given(GOOD)
def test_schema_and_parser_accept_what_is_right(document):
    """Both must accept valid documents: two that reject everything would agree, too."""
    Draft202012Validator(SCHEMA).validate(document)
    parse_configuration(document)


@st.composite
def spoilt(draw):
    """Return a valid configuration with one changed value, key or glob, which may still be valid."""
    document = draw(GOOD.filter(bool))
    tables = [document, *document.get("rules", []), *document.get("totals", [])]
    table = draw(st.sampled_from([table for table in tables if table]))
    key = draw(st.sampled_from(sorted(table)))
    match draw(st.sampled_from(["value", "glob", "missing", "renamed", "wrapped"])):
        case "value":
            table[key] = draw(ANY)
        case "glob" if isinstance(table.get("files"), list):
            table["files"] = [*table["files"], draw(GLOBS | ANY)]
        case "missing":
            del table[key]
        case "wrapped":
            table[key] = draw(st.sampled_from([[table[key]], {key: table[key]}, f"{table[key]}", [[]]]))
        case _:
            table[draw(st.sampled_from([key[1:], f"{key}s", key.upper(), "", "files", "exclude"]))] = table.pop(key)
    return document


@given(spoilt())
def test_schema_and_parser_find_the_same_single_mistake(document):
    """With one changed value, the schema and the parser must agree about that value."""
    assert ACCEPTED(document) == accepted(document), document


@given(GLOBS | SIZES | st.text(max_size=10))
def test_the_patterns_mean_the_same_in_an_editor(text):
    r"""JSON schemas hold expressions of ECMAScript, where `$`, `.` and `\s` are not quite those of Python."""
    for pattern in (SIZE_PATTERN, GLOB_PATTERN):
        assert bool(Regex(pattern, "u").find(text)) == bool(re.search(pattern, text)), pattern


@pytest.mark.parametrize(
    "char", ["\n", "\r", "\x0b", "\x1c", "\x85", "\xa0", "\u2028", "\u2029", "\u3000", "\ufeff"], ids=ascii
)
@pytest.mark.parametrize("text", ["{}1KB", "1KB{}", "{}a", "a{}", "a{}b", "a{}//b", "a{}@(b)", "a/{}.."])
def test_rare_white_space_means_the_same_in_an_editor(text, char):
    """The regular expressions of Python and ECMAScript treat these characters differently."""
    for pattern in (SIZE_PATTERN, GLOB_PATTERN):
        written = text.format(char)

        assert bool(Regex(pattern, "u").find(written)) == bool(re.search(pattern, written)), pattern


def toml(document) -> str:
    """Return a configuration as TOML, the values inline but for the arrays of tables."""
    lines = [f"{key} = {written(value)}" for key, value in document.items() if not is_tables(value)]
    for key, value in document.items():
        if is_tables(value):
            for table in value:
                lines += [f"[[{key}]]", *(f"{inner} = {written(it)}" for inner, it in table.items())]
    return "\n".join([*lines, ""])


def is_tables(value) -> bool:
    """Return whether a value is a list of tables, and has some."""
    return isinstance(value, list) and bool(value) and all(isinstance(table, dict) for table in value)


def written(value) -> str:
    """Return a value as TOML."""
    if isinstance(value, str):
        bare = {*string.ascii_letters, *string.digits, *" *?!/.-_"}
        return '"' + "".join(char if char in bare else f"\\U{ord(char):08x}" for char in value) + '"'
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return str(value).lower()


@given(GOOD, st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_as_toml_is_read_as_it_was(tmp_path_factory, document, line_break):
    """Both files must accept everything that the schema accepts."""
    folder = tmp_path_factory.mktemp("toml")
    text = toml(document)

    (folder / ".bytefit.toml").write_bytes(text.replace("\n", line_break).encode())
    own = load_configuration(str(folder))
    (folder / ".bytefit.toml").unlink()
    inside = re.sub(r"^\[\[(.*)\]\]$", r"[[tool.bytefit.\1]]", text, flags=re.MULTILINE)
    (folder / "pyproject.toml").write_bytes(f"[tool.bytefit]\n{inside}".replace("\n", line_break).encode())
    project = load_configuration(str(folder))

    meant = parse_configuration(document)
    for read in (own, project):
        assert (read.base, read.exclude) == (str(folder), meant.exclude)
        assert read.default[2:] == meant.default[2:]
        assert [rule[1:] for rule in read.rules] == [rule[1:] for rule in meant.rules]
        assert [total[1:] for total in read.totals] == [total[1:] for total in meant.totals]


@pytest.mark.parametrize("key", VALUES)
@given(data=st.data())
def test_schema_and_parser_accept_the_same_values(key, data):
    """Each key is tested alone, so that no mistake hides another."""
    value = data.draw(VALUES[key] | ANY)

    assert ACCEPTED({key: value}) == accepted({key: value})
    rule = {"files": ["*.jpg"], key: value}
    assert ACCEPTED({"rules": [rule]}) == accepted({"rules": [rule]})


@given(GLOBS | st.text(max_size=10) | st.builds("[{}]".format, st.text("!^a~,.+@ -09z", max_size=4)))
def test_schema_and_parser_accept_the_same_globs_and_pathspec_can_read_them(glob):
    """An accepted glob must not fail or warn when it is used."""
    assert ACCEPTED({"exclude": [glob]}) == accepted({"exclude": [glob]})
    assume(accepted({"exclude": [glob]}))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GitIgnoreSpec.from_lines([glob]).match_file("a/b.jpg")


@given(st.integers(1, 10**6), st.sampled_from(["B", "KB", "KiB", "MB"]))
def test_sizes_are_those_of_the_command_line(number, unit):
    """The configuration and the command line must accept the same sizes."""
    factor = {"B": 1, "KB": 1000, "KiB": 1024, "MB": 1000**2}[unit]

    assert parse_configuration({"max-size": f"{number} {unit}"}).default.max_size == number * factor
    assert math.isclose(parse_configuration({"max-size": float(number)}).default.max_size, number)
